//! Changes of the size of an image.

use std::io;

use rustix::io::Errno;

use super::allocate::Purpose;
use super::corruption::Result;
use super::discard::DiscardedClusters;
use super::freed::FreedKind;
use super::regions::OverlapChecks;
use super::{Clusters, Guard, State};
use crate::image::qcow2::format::entry::SubclusterType;
use crate::image::qcow2::header::TablePointers;
use crate::image::storage::{Preallocation, ZeroMode};

/// The offset of the size in the header.
const SIZE_FIELD: u64 = 24;

impl Clusters {
    /// Grows the image. New bytes read as zeroes, regardless of the backing file. No other request
    /// may be in flight.
    pub(crate) fn grow(&self, size: u64) -> io::Result<()> {
        self.request(|state| {
            let old = state.size;
            if size <= old {
                return Ok(());
            }
            self.grow_l1_table(state, size)?;
            if let Some(data) = &self.storages.data
                && data.size()? < size
            {
                data.resize(size, Preallocation::Off)?;
            }
            // As in QEMU, new clusters stay unallocated unless other data would show through.
            let is_covered = match &self.storages.backing {
                Some(backing) => backing.size()? > old,
                None => false,
            };
            if is_covered || self.raw_data {
                self.zero_in(state, old, size, ZeroMode::Allocated)?;
            } else {
                self.clear(state, old, size)?;
            }
            self.write_all(state)?;
            self.write_size(state, size)
        })
    }

    /// Zeroes what tables contain for a range beyond the end of the image, such as the rest of the
    /// last cluster. Unallocated clusters stay so.
    fn clear(&self, state: &mut Guard<'_>, start: u64, end: u64) -> Result<()> {
        let covered = self.geometry.entries() << self.geometry.cluster_bits;
        let mut at = start;
        while at < end {
            if state.tables.l2_offset(at)?.is_none() {
                at += covered - at % covered;
                continue;
            }
            let piece = self.map(state, at, end - at)?;
            if piece.kind != SubclusterType::Unallocated {
                self.zero_in(state, at, at + piece.length, ZeroMode::Allocated)?;
            }
            at += piece.length;
        }
        Ok(())
    }

    /// Shrinks the image. Clusters beyond the new end are freed. No other request may be in flight.
    pub(crate) fn shrink(&self, size: u64) -> io::Result<()> {
        let old = self.size();
        let mut at = size.next_multiple_of(self.geometry.cluster_size());
        while at < old {
            let what = DiscardedClusters::BeyondEnd;
            at += self.request(|state| self.discard_clusters(state, at, old, what))?;
            self.free_if_many()?;
        }
        self.request(|state| {
            self.write_all(state)?;
            self.write_size(state, size.min(old))
        })
    }

    fn write_size(&self, state: &mut State, size: u64) -> Result<()> {
        // The tables must cover the size, and show nothing beyond the former end.
        state.counts()?.0.sync_now()?;
        // As in QEMU, the size may change even if it is not known where the bitmaps are.
        let ignored = OverlapChecks::MAIN_HEADER | OverlapChecks::BITMAP_DIRECTORY;
        state.regions.check(ignored, SIZE_FIELD, 8)?;
        self.storages.file.write(SIZE_FIELD, &size.to_be_bytes())?;
        state.size = size;
        state.counts()?.0.sync_now()
    }

    /// Grows the L1 table for an image of this size.
    fn grow_l1_table(&self, state: &mut Guard<'_>, size: u64) -> Result<()> {
        let bytes_per_l2 = self.geometry.entries() << self.geometry.cluster_bits;
        let wanted = size.div_ceil(bytes_per_l2);
        if wanted <= state.tables.l1_entries() {
            return Ok(());
        }
        if wanted * 8 > TablePointers::L1_MAX {
            return Err(Errno::FBIG.into());
        }
        // The copy of the table refers to all L2 tables, so they must be in the file.
        self.write_references(state)?;
        let clusters = (wanted * 8).div_ceil(self.geometry.cluster_size());
        let (counts, regions) = state.counts()?;
        let offset = counts.allocate_all(regions, Purpose::L1Table, clusters)?;
        counts.write_back(regions)?;
        let State { tables, regions, counts: Some(counts), .. } = &mut **state else {
            return Err(Errno::PERM.into());
        };
        tables.write_l1_copy(offset, wanted)?;
        counts.sync_now()?;
        let old = tables.switch_l1(regions, offset, wanted)?;
        if !old.is_empty() {
            self.free_later(state, old, FreedKind::L1Table)?;
        }
        Ok(())
    }
}
