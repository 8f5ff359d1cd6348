//! The state of a virtual machine, which is stored behind the end of the disk.
//!
//! It begins with the first offset whose L2 table the disk does not use.

use std::io;

use rustix::io::Errno;

use super::Clusters;
use super::discard::DiscardedClusters;

impl Clusters {
    /// The offset of the state in the image.
    fn vm_state_offset(&self, size: u64) -> u64 {
        let covered = self.geometry.entries() << self.geometry.cluster_bits;
        size.div_ceil(covered) * covered
    }

    /// The range of a part of the state.
    fn vm_state_range(&self, offset: u64, length: u64) -> io::Result<(u64, u64)> {
        let start = self.vm_state_offset(self.size()).checked_add(offset);
        let end = start.and_then(|start| start.checked_add(length));
        let end = end.filter(|end| i64::try_from(*end).is_ok());
        start.zip(end).ok_or_else(|| Errno::FBIG.into())
    }

    /// Writes a part of the state. No other request may be in flight.
    pub(in crate::image::qcow2) fn write_vm_state(
        &self,
        offset: u64,
        data: &[u8],
    ) -> io::Result<()> {
        let (start, end) = self.vm_state_range(offset, data.len() as u64)?;
        self.request(|state| self.grow_l1_table(state, end))?;
        self.write(start, data)
    }

    /// Reads a part of the state.
    pub(in crate::image::qcow2) fn read_vm_state(
        &self,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let (start, _end) = self.vm_state_range(offset, buffer.len() as u64)?;
        let covered = {
            let state = self.state.lock();
            state.tables.l1_entries() * (self.geometry.entries() << self.geometry.cluster_bits)
        };
        let inside = (buffer.len() as u64).min(covered.saturating_sub(start));
        let (head, tail) = buffer.split_at_mut(inside as usize);
        tail.fill(0);
        if head.is_empty() {
            Ok(())
        } else {
            self.request(|state| self.read_in(state, start, head))
        }
    }

    /// Frees the clusters of the state. No other request may be in flight.
    pub(in crate::image::qcow2) fn discard_vm_state(&self) -> io::Result<()> {
        let covered = self.geometry.entries() << self.geometry.cluster_bits;
        let mut at = self.vm_state_offset(self.size());
        let end = self.state.lock().tables.l1_entries() * covered;
        while at < end {
            let what = DiscardedClusters::BeyondEnd;
            at += self.request(|state| self.discard_clusters(state, at, end, what))?;
            self.free_if_many()?;
        }
        self.request(|state| self.write_all(state))
    }
}
