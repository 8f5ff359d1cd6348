//! Growing of images.

use rustix::io::Errno;

use super::allocate::Purpose;
use super::corruption::Result;
use super::freed::FreedKind;
use super::regions::OverlapChecks;
use super::{Clusters, Guard, State, in_step};
use crate::error::Result as OpenResult;
use crate::image::qcow2::format::entry::SubclusterType;
use crate::image::qcow2::header::TablePointers;
use crate::image::storage::{Preallocation, ZeroMode};

/// The offset of the size in the header.
const SIZE_FIELD: u64 = 24;

impl Clusters {
    /// Grows the image. New bytes read as zeroes, regardless of the backing file. No other request
    /// may be in flight.
    ///
    /// # Errors
    /// [`Error::While`](crate::error::Error::While) with the step that failed, in QEMU's words.
    pub(crate) fn grow(&self, size: u64, preallocation: Preallocation) -> OpenResult<()> {
        let old = self.size();
        if size <= old {
            return Ok(());
        }
        let grown = self.request(|state| self.grow_l1_table(state, size));
        grown.map_err(in_step("Failed to grow the L1 table"))?;
        self.resize_data(size, |present| present < size)?;
        // An image with a raw data file has no unallocated clusters.
        let preallocation = match preallocation {
            Preallocation::Off if self.raw_data => Preallocation::Metadata,
            other => other,
        };
        let allocated = self.request(|state| self.preallocate(state, old, size, preallocation));
        allocated.map_err(in_step("Allocating clusters failed"))?;
        let zeroed = self.request(|state| {
            // As in QEMU, new clusters stay unallocated unless other data would show through.
            let is_covered = match &self.storages.backing {
                Some(backing) => backing.size()? > old,
                None => false,
            };
            if is_covered {
                self.zero_in(state, old, size, ZeroMode::Allocated)?;
            } else {
                self.clear_last_cluster(state, old, size)?;
            }
            self.write_all(state)
        });
        zeroed.map_err(in_step("Failed to zero out new clusters"))?;
        self.change_size(size)
    }

    /// Gives an external data file the size of the image, if its present size requires it.
    pub(super) fn resize_data(
        &self,
        size: u64,
        is_required: impl FnOnce(u64) -> bool,
    ) -> OpenResult<()> {
        let Some(data) = &self.storages.data else { return Ok(()) };
        let resized = data.size().and_then(|present| match is_required(present) {
            true => data.resize(size, Preallocation::Off),
            false => Ok(()),
        });
        resized.map_err(in_step("Could not resize file"))
    }

    /// Gives the image another size, which its tables cover.
    pub(super) fn change_size(&self, size: u64) -> OpenResult<()> {
        let changed = self.request(|state| self.write_size(state, size));
        changed.map_err(in_step("Failed to update the image size"))
    }

    /// Zeroes the rest of the last cluster before the image grows from `old` to `size` bytes. As in
    /// QEMU, nothing else is changed beyond the end: what entries of a damaged image refer to there
    /// may be in use.
    fn clear_last_cluster(&self, state: &mut Guard<'_>, old: u64, size: u64) -> Result<()> {
        let mut at = old;
        let end = old.next_multiple_of(self.geometry.cluster_size()).min(size);
        while at < end && state.tables.l2_offset(at)?.is_some() {
            let piece = self.map(state, at, end - at)?;
            if piece.kind != SubclusterType::Unallocated {
                self.zero_in(state, at, at + piece.length, ZeroMode::Allocated)?;
            }
            at += piece.length;
        }
        Ok(())
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
    pub(super) fn grow_l1_table(&self, state: &mut Guard<'_>, size: u64) -> Result<()> {
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
            self.free_later(state, old, FreedKind::L1Table, true)?;
        }
        Ok(())
    }
}
