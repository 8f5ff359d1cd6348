//! Preallocation of clusters when an image grows.

use parking_lot::MutexGuard;

use super::corruption::Result;
use super::{Clusters, Guard};
use crate::image::qcow2::format::entry::{COPIED, Entry};
use crate::image::storage::{Preallocation, ZeroMode};
use crate::image::zeroes::write_zero_data;

impl Clusters {
    /// Allocates the unallocated clusters of a range from the former end of the image on. They read
    /// as zeroes. Subclusters stay unallocated, as in QEMU.
    ///
    /// A first cluster that shows data of the backing file stays unallocated.
    pub(super) fn preallocate(
        &self,
        state: &mut Guard<'_>,
        start: u64,
        end: u64,
        preallocation: Preallocation,
    ) -> Result<()> {
        if preallocation == Preallocation::Off {
            return Ok(());
        }
        let size = self.geometry.cluster_size();
        let mut at = match &self.storages.backing {
            Some(_) => start.next_multiple_of(size),
            None => start - start % size,
        };
        while at < end {
            let old = self.entries_to_change(state, at, end)?;
            let free = old.iter().take_while(|entry| **entry == Entry::default()).count() as u64;
            if free == 0 {
                at += size;
                continue;
            }
            let (host, count) = self.allocate_data(state, at, free, None)?;
            self.check_data_write(state, host, count * size)?;
            // As in QEMU, the data file ends with the last subcluster of the image.
            let length = match self.geometry.data_file {
                true => end.next_multiple_of(self.geometry.subcluster_size()) - at,
                false => u64::MAX,
            };
            let length = length.min(count * size);
            MutexGuard::unlocked(state, || self.provide(host, length, preallocation))?;
            // The zeroes must be on the disk before a table refers to them.
            state.counts()?.0.require_sync();
            let clusters = (host..).step_by(size as usize).take(count as usize);
            let new: Vec<Entry> =
                clusters.map(|host| Entry { word: host | COPIED, bitmap: 0 }).collect();
            self.set_entries(state, at, &new)?;
            at += count * size;
        }
        Ok(())
    }

    /// Makes a range of the storage read as zeroes, with or without space on the host.
    fn provide(
        &self,
        start: u64,
        length: u64,
        preallocation: Preallocation,
    ) -> std::io::Result<()> {
        let (data, end) = (self.data(), start + length);
        let known = data.size()?;
        let inside = end.min(known).saturating_sub(start);
        match preallocation {
            Preallocation::Off | Preallocation::Metadata => {
                data.zero(start, inside, ZeroMode::MayUnmap)?;
            }
            Preallocation::Falloc => data.zero(start, inside, ZeroMode::Allocated)?,
            Preallocation::Full => {
                write_zero_data(start, inside, |offset, zeroes| data.write(offset, zeroes))?;
            }
        }
        let beyond = match preallocation {
            Preallocation::Off | Preallocation::Metadata => Preallocation::Off,
            Preallocation::Falloc | Preallocation::Full => preallocation,
        };
        if end > known { data.resize(end, beyond) } else { Ok(()) }
    }
}
