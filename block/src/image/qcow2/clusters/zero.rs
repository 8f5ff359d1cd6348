//! Writes of zeroes.

use std::io;

use super::{Clusters, State};
use crate::image::qcow2::format::entry::{Entry, SubclusterType};

/// The size of the buffer from which zeroes are written to partial subclusters.
const ZERO_BUFFER: usize = 64 * 1024;

impl Clusters {
    /// Makes a range within the image read as zeroes.
    pub(crate) fn write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.zero_locked(&mut self.state.write(), offset, offset + length)
    }

    /// Zeroes whole subclusters in the tables, and writes zeroes to partial ones.
    pub(super) fn zero_locked(&self, state: &mut State, start: u64, end: u64) -> io::Result<()> {
        let unit = self.geometry.subcluster_size();
        let whole_start = start.next_multiple_of(unit);
        // A last subcluster that the end of the image cuts off counts as whole.
        let whole_end =
            if end >= state.size { end.next_multiple_of(unit) } else { end - end % unit };
        if self.geometry.version < 3 || whole_start >= whole_end {
            return self.write_plain_zeroes(state, start, end);
        }
        self.write_plain_zeroes(state, start, whole_start)?;
        self.zero_subclusters(state, whole_start, whole_end)?;
        self.write_plain_zeroes(state, whole_end.min(end), end)
    }

    fn zero_subclusters(&self, state: &mut State, start: u64, end: u64) -> io::Result<()> {
        let size = self.geometry.cluster_size();
        if let Some(data) = self.storages.data.as_ref().filter(|_| self.raw_data) {
            data.write_zeroes(start, end - start)?;
        }
        let mut at = start;
        while at < end {
            let count = (at % size + (end - at)).div_ceil(size);
            let mut old = state.tables.entries(at, count)?;
            let base = at - at % size;
            let mut new = Vec::with_capacity(old.len());
            for (number, entry) in old.iter_mut().enumerate() {
                let from = at.max(base + number as u64 * size);
                let to = end.min(base + (number as u64 + 1) * size);
                let parts = self.geometry.subclusters(from, to - from);
                if parts == self.geometry.all_subclusters() || !entry.is_compressed() {
                    new.push(entry.with_zeroes(&self.geometry, parts));
                } else {
                    // A compressed cluster has no subclusters.
                    self.write_plain_zeroes(state, from, to)?;
                    *entry = state.tables.entries(from, 1)?.first().copied().unwrap_or_default();
                    new.push(*entry);
                }
            }
            state.tables.set_entries(at, &new)?;
            for (old, new) in old.iter().zip(&new) {
                self.release_replaced(state, *old, *new)?;
            }
            at = base + old.len() as u64 * size;
        }
        Ok(())
    }

    /// Frees the cluster of an entry, unless the new entry refers to it too.
    fn release_replaced(&self, state: &mut State, old: Entry, new: Entry) -> io::Result<()> {
        let is_same = old.host(&self.geometry)? == new.host(&self.geometry)?;
        if is_same && !old.is_compressed() { Ok(()) } else { self.release(state, old) }
    }

    /// Writes zeroes to ranges that may not read as zeroes yet.
    fn write_plain_zeroes(&self, state: &mut State, start: u64, end: u64) -> io::Result<()> {
        static ZEROES: [u8; ZERO_BUFFER] = [0; ZERO_BUFFER];
        let mut at = start;
        while at < end {
            let piece = self.map(state, at, (end - at).min(ZERO_BUFFER as u64))?;
            let is_zero = match piece.kind {
                SubclusterType::Zero => true,
                SubclusterType::Unallocated => self.storages.backing.is_none(),
                SubclusterType::Data | SubclusterType::Compressed(_) => false,
            };
            if !is_zero || self.raw_data {
                self.write_locked(state, at, &ZEROES[..piece.length as usize])?;
            }
            at += piece.length;
        }
        Ok(())
    }
}
