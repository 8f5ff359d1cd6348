//! Shrinking of images.
//!
//! The steps have QEMU's order. After each of them the image is sound, and has its former size up
//! to the last one: clusters beyond the new end are freed, then the L2 tables that map no byte any
//! more, then the refcount blocks that count nothing but themselves, and then the end of the file.

use std::io;

use super::corruption::{Corruption, Hex, Result};
use super::discard::DiscardedClusters;
use super::freed::FreedKind;
use super::refcounts::Refcounts;
use super::regions::Regions;
use super::{Clusters, Guard, in_step};
use crate::error::Result as OpenResult;
use crate::image::qcow2::format::entry::{COPIED, OFFSET_MASK};
use crate::image::qcow2::format::refcount_block::{read_count, write_count};
use crate::image::storage::Preallocation;

/// The number of L2 tables that are removed before their clusters are freed.
const TABLES_MAX: usize = 256;

impl Clusters {
    /// Shrinks the image. Clusters beyond the new end are freed, and the file ends with the last
    /// cluster in use. No other request may be in flight.
    ///
    /// # Errors
    /// [`Error::While`](crate::error::Error::While) with the step that failed, in QEMU's words.
    pub(crate) fn shrink(&self, size: u64) -> OpenResult<()> {
        let old = self.size();
        if size >= old {
            return Ok(());
        }
        let failed = "Failed to discard cropped clusters";
        self.discard_beyond(size, old).map_err(in_step(failed))?;
        if self.request(|state| Ok(!self.unneeded_l2_tables(state, size).is_empty()))? {
            // The tables must not refer to freed clusters when they are freed themselves.
            self.request(|state| self.write_all(state)).map_err(in_step(failed))?;
            let failed = "Failed to reduce the number of L2 tables";
            self.remove_all_l2_tables(size).map_err(in_step(failed))?;
        }
        self.resize_data(size, |present| present > size)?;
        let removed = self.request(|state| {
            self.write_all(state)?;
            let (counts, regions) = state.counts()?;
            counts.remove_unused_blocks(regions)?;
            // The file must not refer to blocks that are cut off.
            counts.sync_now()
        });
        removed.map_err(in_step("Failed to discard unused refblocks"))?;
        let end = self.request(|state| {
            let (counts, regions) = state.counts()?;
            counts.end_of_used(regions)
        });
        let end = end.map_err(in_step("Failed to find the last cluster"))?;
        let cut = self.request(|state| self.cut_file(state, end));
        cut.map_err(in_step("Failed to inquire current file length"))?;
        self.change_size(size)
    }

    /// Frees the clusters from a new end of the image to the former one.
    fn discard_beyond(&self, size: u64, old: u64) -> io::Result<()> {
        let mut at = size.next_multiple_of(self.geometry.cluster_size());
        while at < old {
            let what = DiscardedClusters::BeyondEnd;
            at += self.request(|state| self.discard_clusters(state, at, old, what))?;
            self.free_if_many()?;
        }
        Ok(())
    }

    /// Removes all L2 tables that are not needed for an image of `size` bytes.
    fn remove_all_l2_tables(&self, size: u64) -> io::Result<()> {
        while self.request(|state| self.remove_l2_tables(state, size))? {
            // The request that removed the tables has ended, so that they can be freed.
            self.request(|state| self.write_all(state))?;
        }
        Ok(())
    }

    /// Removes L2 tables that are not needed for an image of `size` bytes from the L1 table: at
    /// most [`TABLES_MAX`]. Returns whether there were any.
    fn remove_l2_tables(&self, state: &mut Guard<'_>, size: u64) -> Result<bool> {
        let unneeded = self.unneeded_l2_tables(state, size);
        for (index, entry) in &unneeded {
            let state = &mut **state;
            state.tables.set_l1_entry(&mut state.regions, *index, 0);
            let table = entry & OFFSET_MASK;
            let range = table..table + self.geometry.cluster_size();
            self.free_later(state, range, FreedKind::L2Table, entry & COPIED != 0)?;
        }
        Ok(!unneeded.is_empty())
    }

    /// The entries of the L1 table, with their indexes, for the first [`TABLES_MAX`] L2 tables that
    /// are not needed for an image of `size` bytes.
    fn unneeded_l2_tables(&self, state: &Guard<'_>, size: u64) -> Vec<(u64, u64)> {
        let first = size.div_ceil(self.geometry.entries() * self.geometry.cluster_size());
        (first..state.tables.l1_entries())
            .map(|index| (index, state.tables.l1_entry(index)))
            .filter(|(_, entry)| entry & OFFSET_MASK != 0)
            .take(TABLES_MAX)
            .collect()
    }

    /// Cuts off the file from `end` on, unless there is metadata, whose counts are wrong then. As
    /// in QEMU, a file that cannot be cut off stays as long as it is.
    fn cut_file(&self, state: &Guard<'_>, end: u64) -> Result<()> {
        let file = &self.storages.file;
        let length = file.size()?;
        if end >= length || state.regions.is_metadata(end, length - end)? {
            return Ok(());
        }
        if let Err(error) = file.resize(end, Preallocation::Off) {
            tracing::warn!(%error, "Failed to truncate the tail of the image");
        }
        Ok(())
    }
}

impl Refcounts {
    /// Removes the blocks that count no cluster besides themselves. The block that counts the
    /// header stays.
    ///
    /// Refuses to shrink an image if a block does not have its own cluster counted. Then the counts
    /// are those of other clusters, and the file could end before the last one in use.
    fn remove_unused_blocks(&mut self, regions: &mut Regions) -> Result<()> {
        let size = self.geometry.cluster_size();
        let mut counted_elsewhere = Vec::new();
        for index in 0..self.table.len() as u64 {
            let offset = self.table[index as usize];
            if offset == 0 {
                continue;
            }
            self.check_own_count(regions, index, offset)?;
            if index == 0 || !self.is_unused_block(regions, index, offset)? {
                continue;
            }
            if self.is_counted_by(offset, index) {
                self.free_from = self.free_from.min(offset / size);
            } else {
                counted_elsewhere.push(offset);
            }
            self.table[index as usize] = 0;
            self.mark_dirty(index as usize);
            regions.refcount_blocks.replace(offset, 0);
            self.blocks.remove(&(offset..offset + size));
        }
        self.write_back(regions)?;
        if !counted_elsewhere.is_empty() {
            self.sync_now()?;
        }
        for offset in counted_elsewhere {
            self.release(regions, offset, size)?;
        }
        self.write_back(regions)
    }

    /// Whether the cluster of a block is counted by the block with this index.
    fn is_counted_by(&self, offset: u64, index: u64) -> bool {
        let cluster = offset >> self.geometry.cluster_bits;
        cluster / self.geometry.counts_per_block() == index
    }

    fn is_unused_block(&mut self, regions: &Regions, index: u64, offset: u64) -> Result<bool> {
        let geometry = self.geometry;
        let slot = (offset >> geometry.cluster_bits) % geometry.counts_per_block();
        let is_own = self.is_counted_by(offset, index);
        let mut block = self.block(regions, index, offset)?.to_vec();
        if is_own {
            write_count(&geometry, &mut block, slot, 0);
        }
        Ok(block.iter().all(|byte| *byte == 0))
    }

    /// A block whose own cluster has another count than 1 is a corruption.
    fn check_own_count(&mut self, regions: &Regions, index: u64, offset: u64) -> Result<()> {
        let cluster = offset >> self.geometry.cluster_bits;
        let counting = cluster / self.geometry.counts_per_block();
        let block = self.table.get(counting as usize).copied().unwrap_or(0);
        let text = if block == 0 {
            format!("Refblock at {} is not covered by the refcount structures", Hex(offset))
        } else {
            let count = self.get(regions, cluster)?;
            if count == 1 {
                return Ok(());
            }
            format!(
                "Invalid refcount: refblock offset {}, reftable index {index}, block offset {}, \
                 refcount {}",
                Hex(block),
                Hex(offset),
                Hex(count)
            )
        };
        Err(Corruption::new(text).into())
    }

    /// The end of the last cluster in use; the end of all offsets if no cluster is counted.
    pub(super) fn end_of_used(&mut self, regions: &Regions) -> Result<u64> {
        let geometry = self.geometry;
        let per_block = geometry.counts_per_block();
        for index in (0..self.table.len() as u64).rev() {
            let offset = self.table[index as usize];
            if offset == 0 {
                continue;
            }
            let block = self.block(regions, index, offset)?;
            let last = (0..per_block).rev().find(|slot| read_count(&geometry, block, *slot) != 0);
            if let Some(last) = last {
                return Ok((index * per_block + last + 1) << geometry.cluster_bits);
            }
        }
        Ok(u64::MAX)
    }
}
