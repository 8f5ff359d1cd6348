//! Writes of zeroes.

use std::io;

use parking_lot::MutexGuard;

use super::corruption::Result;
use super::freed::FreedKind;
use super::{Clusters, Guard};
use crate::image::memory::zeroed;
use crate::image::qcow2::format::entry::{Entry, SubclusterType};
use crate::image::storage::ZeroMode;

/// The size of the buffer from which zeroes are written to partial subclusters.
const ZERO_BUFFER: usize = 64 * 1024;

impl Clusters {
    /// Makes a range within the image read as zeroes.
    ///
    /// With [`ZeroMode::MayUnmap`], whole clusters are freed if the node passes discards on.
    pub(crate) fn write_zeroes(
        &self,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        let mode = match mode {
            ZeroMode::MayUnmap if self.discard_policy.unmap => ZeroMode::MayUnmap,
            // The tables are changed at once in any case.
            ZeroMode::MayUnmap | ZeroMode::Allocated | ZeroMode::AllocatedAtOnce => {
                ZeroMode::Allocated
            }
        };
        self.request(|state| self.zero_in(state, offset, offset + length, mode))
    }

    /// Zeroes whole subclusters in the tables, and writes zeroes to partial ones.
    pub(super) fn zero_in(
        &self,
        state: &mut Guard<'_>,
        start: u64,
        end: u64,
        mode: ZeroMode,
    ) -> Result<()> {
        let unit = self.geometry.subcluster_size();
        let whole_start = start.next_multiple_of(unit);
        // A last subcluster that the end of the image cuts off counts as whole.
        let whole_end =
            if end >= state.size { end.next_multiple_of(unit) } else { end - end % unit };
        if self.geometry.version < 3 || whole_start >= whole_end {
            return self.write_plain_zeroes(state, start, end);
        }
        self.write_plain_zeroes(state, start, whole_start)?;
        if let Some(data) = self.storages.data.as_ref().filter(|_| self.raw_data) {
            let length = whole_end.min(end) - whole_start;
            MutexGuard::unlocked(state, || data.zero(whole_start, length, mode))?;
        }
        let mut at = whole_start;
        while at < whole_end {
            at += self.zero_subclusters(state, at, whole_end, mode)?;
        }
        self.write_plain_zeroes(state, whole_end.min(end), end)
    }

    /// Zeroes whole subclusters from `start` on in the tables, up to the end of a slice or to a
    /// cluster that needs a write. Returns the number of bytes.
    fn zero_subclusters(
        &self,
        state: &mut Guard<'_>,
        start: u64,
        end: u64,
        mode: ZeroMode,
    ) -> Result<u64> {
        let geometry = &self.geometry;
        let size = geometry.cluster_size();
        let base = start - start % size;
        // The table is allocated first, as this also may release the lock.
        let old = self.entries_to_change(state, start, end)?;
        let mut new = Vec::with_capacity(old.len());
        let mut at = start;
        for (entry, cluster) in old.iter().zip((base..).step_by(size as usize)) {
            let to = end.min(cluster + size);
            let parts = geometry.subclusters(at, to - at);
            // A compressed cluster has no subclusters.
            let is_written = entry.is_compressed() && parts != geometry.all_subclusters();
            if is_written && new.is_empty() {
                self.write_plain_zeroes(state, at, to)?;
                return Ok(to - at);
            }
            if is_written || entry.fault_at(geometry, cluster).is_some() {
                break;
            }
            let stays = self.stays_allocated(*entry, FreedKind::Discarded);
            let own_mode = if stays { ZeroMode::Allocated } else { mode };
            new.push(entry.with_zeroes(geometry, parts, own_mode));
            at = to;
        }
        let kind = match mode {
            ZeroMode::MayUnmap => FreedKind::Discarded,
            ZeroMode::Allocated | ZeroMode::AllocatedAtOnce => FreedKind::Replaced,
        };
        self.replace_entries(state, base, &old[..new.len()], &new, kind)?;
        Ok(at - start)
    }

    /// The entries from an offset on that no allocation in flight will change: of one slice, and at
    /// least one. The first one is valid, and the slice can be changed without releasing the lock.
    pub(super) fn entries_to_change(
        &self,
        state: &mut Guard<'_>,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>> {
        let size = self.geometry.cluster_size();
        let base = start - start % size;
        loop {
            state.check_usable()?;
            self.writable_table(state, base)?;
            let mut entries = self.entries(state, base, (end - base).div_ceil(size))?;
            let length = entries.len() as u64 * size;
            let free = state.in_flight.free_of_allocations(base, length) / size;
            if free == 0 {
                self.changed.wait(state);
                continue;
            }
            entries.truncate(free as usize);
            return match entries[0].fault_at(&self.geometry, base) {
                None => Ok(entries),
                Some(fault) => Err(self.invalid_entry(state, base, entries[0], fault)),
            };
        }
    }

    /// Replaces adjacent entries of one slice, and frees the clusters to which only the old ones
    /// refer. Does not release the lock before the change if the slice is in the cache.
    pub(super) fn replace_entries(
        &self,
        state: &mut Guard<'_>,
        base: u64,
        old: &[Entry],
        new: &[Entry],
        kind: FreedKind,
    ) -> Result<()> {
        self.set_entries(state, base, new)?;
        for (old, new) in old.iter().zip(new) {
            let is_same = old.host(&self.geometry) == new.host(&self.geometry);
            if !is_same || old.is_compressed() {
                self.release(state, *old, kind)?;
            } else if let Some(host) = old.host(&self.geometry)
                && self.stays_allocated(*old, kind)
                && new.reads_as_zeroes(&self.geometry)
            {
                self.pass_discard(host);
            }
        }
        Ok(())
    }

    /// Whether the entry for an offset has the flag for zeroes in an image of version 2. Such a
    /// cluster cannot be read, but it can be overwritten as a whole.
    fn is_replaced(&self, state: &mut Guard<'_>, offset: u64) -> Result<bool> {
        if self.geometry.version >= 3 {
            return Ok(false);
        }
        let entry = self.entries(state, offset, 1)?[0];
        Ok(!entry.is_compressed() && entry.has_zero_flag())
    }

    /// Writes zeroes to ranges that may not read as zeroes yet.
    fn write_plain_zeroes(&self, state: &mut Guard<'_>, start: u64, end: u64) -> Result<()> {
        static ZEROES: [u8; ZERO_BUFFER] = [0; ZERO_BUFFER];
        let size = self.geometry.cluster_size();
        let mut at = start;
        while at < end {
            if at.is_multiple_of(size) && end - at >= size && self.is_replaced(state, at)? {
                self.write_in(state, at, &zeroed(size as usize)?)?;
                at += size;
                continue;
            }
            let piece = self.map(state, at, (end - at).min(ZERO_BUFFER as u64))?;
            let is_zero = match piece.kind {
                SubclusterType::Zero => true,
                SubclusterType::Unallocated => self.storages.backing.is_none(),
                SubclusterType::Data | SubclusterType::Compressed(_) => false,
            };
            if !is_zero || self.raw_data {
                self.write_in(state, at, &ZEROES[..piece.length as usize])?;
            }
            at += piece.length;
        }
        Ok(())
    }
}
