//! The reference counts of clusters: the refcount table, and a cache of its blocks.
//!
//! Changes go to the cache. [`Refcounts::write_back`] writes them: first the blocks, then the
//! entries of the table, so that no entry points to a block that is not in the file.

use std::num::NonZeroUsize;
use std::ops::Range;

use rustix::io::Errno;

use super::cache::{TableCache, metadata_alignment};
use super::corruption::{Corruption, Hex, Result};
use super::regions::{Offsets, OverlapChecks, Regions};
use crate::image::memory::{read_table, zeroed};
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::qcow2::format::refcount_block::{read_count, write_count};
use crate::image::storage::Storage;

/// The bits of a refcount table entry that contain the offset of a block.
const BLOCK_OFFSET_MASK: u64 = !0x1ff;
/// The end of the offsets that clusters can have.
pub(super) const OFFSET_END: u64 = 1 << 56;

/// The refcount table and its blocks.
#[derive(Debug)]
pub(super) struct Refcounts {
    pub(super) storage: Storage,
    pub(super) geometry: Geometry,
    pub(super) table_offset: u64,
    /// The offsets of the blocks; 0 for no block.
    pub(super) table: Vec<u64>,
    /// The entries of the table that differ from the file.
    pub(super) dirty_entries: Range<usize>,
    pub(super) blocks: TableCache,
    /// The cluster from which on free clusters are searched.
    pub(super) free_from: u64,
    /// The offset of a cluster with metadata to which a reference has been removed that its count
    /// says was the last one.
    pub(super) contradicted: Option<u64>,
    /// Whether counts have been written since the last [`Refcounts::sync`].
    unsynced: bool,
    /// Whether flushes do not wait for the disk.
    no_flush: bool,
}

impl Refcounts {
    pub(super) fn load(
        storage: &Storage,
        geometry: Geometry,
        regions: &mut Regions,
        cached_blocks: NonZeroUsize,
        no_flush: bool,
    ) -> Result<Self> {
        let range = regions.refcount_table.clone();
        let length = range.end - range.start;
        let mut table = read_table(length, |bytes| storage.read(range.start, bytes))?;
        table.iter_mut().for_each(|entry| *entry &= BLOCK_OFFSET_MASK);
        regions.refcount_blocks = Offsets::new(table.iter().copied())?;
        Ok(Refcounts {
            storage: storage.clone(),
            geometry,
            table_offset: range.start,
            table,
            dirty_entries: 0..0,
            blocks: TableCache::new(cached_blocks, geometry.cluster_size()),
            free_from: 0,
            contradicted: None,
            unsynced: false,
            no_flush,
        })
    }

    /// Writes all changes to the file.
    pub(super) fn write_back(&mut self, regions: &Regions) -> Result<()> {
        self.write_blocks(regions)?;
        let dirty = self.dirty_entries.clone();
        if dirty.is_empty() {
            return Ok(());
        }
        self.sync()?;
        let unit = metadata_alignment(&self.storage).min(self.geometry.cluster_size() as usize);
        let first = dirty.start - dirty.start % (unit / 8);
        let last = dirty.end.next_multiple_of(unit / 8);
        let entries = &self.table[first..last.min(self.table.len())];
        let bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_be_bytes()).collect();
        let offset = self.table_offset + first as u64 * 8;
        regions.check(OverlapChecks::REFCOUNT_TABLE, offset, bytes.len() as u64)?;
        self.storage.write(offset, &bytes)?;
        self.dirty_entries = 0..0;
        self.unsynced = true;
        Ok(())
    }

    /// Waits until the written counts are on the disk, so that references to the clusters can be
    /// written.
    pub(super) fn sync(&mut self) -> Result<()> {
        if self.unsynced && !self.no_flush {
            self.storage.sync()?;
        }
        self.unsynced = false;
        Ok(())
    }

    /// As [`Refcounts::sync`], for writes other than those of counts.
    pub(super) fn sync_now(&mut self) -> Result<()> {
        self.require_sync();
        self.sync()
    }

    /// Lets the next [`Refcounts::sync`] wait for writes other than those of counts too.
    pub(super) fn require_sync(&mut self) {
        self.unsynced = true;
    }

    fn write_blocks(&mut self, regions: &Regions) -> Result<()> {
        if !self.blocks.is_dirty() {
            return Ok(());
        }
        self.unsynced = true;
        let (storage, size) = (&self.storage, self.geometry.cluster_size());
        self.blocks.write_dirty(metadata_alignment(storage), |offset, bytes| {
            // The event of a refused write has the block, which QEMU would write.
            regions.check(OverlapChecks::REFCOUNT_BLOCK, offset - offset % size, size)?;
            Ok(storage.write(offset, bytes)?)
        })
    }

    /// Removes one reference to each cluster that the range touches.
    ///
    /// As in QEMU, a count of zero is only reported: such a reference does no more damage once it
    /// has been removed. A cluster with metadata does not become free either: the removed reference
    /// was wrong. QEMU frees it, and refuses the next allocation, which would be there.
    pub(super) fn release(&mut self, regions: &Regions, offset: u64, length: u64) -> Result<()> {
        for cluster in self.clusters(offset, length) {
            match self.get(regions, cluster)?.checked_sub(1) {
                Some(count) => {
                    let bits = self.geometry.cluster_bits;
                    if count == 0 && regions.is_metadata(cluster << bits, 1 << bits)? {
                        tracing::warn!(cluster, "a cluster with metadata is not freed");
                        self.contradicted = Some(cluster << bits);
                        continue;
                    }
                    self.set(regions, cluster, count)?;
                    if count == 0 {
                        self.free_from = self.free_from.min(cluster);
                    }
                }
                None => {
                    tracing::warn!("qcow2_free_clusters failed: Invalid argument");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Adds one reference to the cluster at `offset`. Returns false if its count is at the maximum,
    /// or 0, which no cluster in use has.
    pub(super) fn retain(&mut self, regions: &Regions, offset: u64) -> Result<bool> {
        let cluster = offset >> self.geometry.cluster_bits;
        let count = self.get(regions, cluster)?;
        if count == 0 || count == self.geometry.count_max() {
            return Ok(false);
        }
        self.set(regions, cluster, count + 1)?;
        Ok(true)
    }

    fn clusters(&self, offset: u64, length: u64) -> Range<u64> {
        let bits = self.geometry.cluster_bits;
        offset >> bits..((offset + length - 1) >> bits) + 1
    }

    /// The block that counts a cluster, if there is one, and the position in the block.
    fn place(&self, cluster: u64) -> (Option<(u64, u64)>, u64) {
        let per_block = self.geometry.counts_per_block();
        let index = cluster / per_block;
        let entry = self.table.get(index as usize).copied().filter(|offset| *offset != 0);
        (entry.map(|offset| (index, offset)), cluster % per_block)
    }

    /// Whether there is a block that counts a cluster.
    pub(super) fn has_block(&self, cluster: u64) -> bool {
        self.place(cluster).0.is_some()
    }

    /// The count of a cluster.
    pub(super) fn get(&mut self, regions: &Regions, cluster: u64) -> Result<u64> {
        let geometry = self.geometry;
        let (Some((index, offset)), slot) = self.place(cluster) else { return Ok(0) };
        Ok(read_count(&geometry, self.block(regions, index, offset)?, slot))
    }

    /// The contents of a block.
    pub(super) fn block(&mut self, regions: &Regions, index: u64, offset: u64) -> Result<&[u8]> {
        let size = self.geometry.cluster_size();
        if !offset.is_multiple_of(size) {
            let offset = Hex(offset);
            let index = Hex(index);
            let text = format!("Refblock offset {offset} unaligned (reftable index: {index})");
            return Err(Corruption::new(text).into());
        }
        if offset >= OFFSET_END {
            return Err(Errno::IO.into());
        }
        if !self.blocks.contains(offset) {
            let mut bytes = zeroed(size as usize)?.into_boxed_slice();
            self.storage.read(offset, &mut bytes)?;
            self.make_room(regions)?;
            self.blocks.insert(offset, bytes);
        }
        Ok(self.blocks.get(offset).unwrap_or_default())
    }

    /// Makes room for another block in the cache.
    pub(super) fn make_room(&mut self, regions: &Regions) -> Result<()> {
        // Counts may be written at any time: raised counts come before the references, and lowered
        // counts reach the cache only after the references are gone.
        if self.blocks.is_full_of_changes() { self.write_blocks(regions) } else { Ok(()) }
    }

    pub(super) fn set(&mut self, regions: &Regions, cluster: u64, count: u64) -> Result<()> {
        self.set_run(regions, cluster, 1, count)
    }

    /// Sets the counts of adjacent clusters.
    pub(super) fn set_run(
        &mut self,
        regions: &Regions,
        first: u64,
        clusters: u64,
        count: u64,
    ) -> Result<()> {
        let geometry = self.geometry;
        let per_block = geometry.counts_per_block();
        let (mut cluster, end) = (first, first + clusters);
        while cluster < end {
            let (Some((index, offset)), slot) = self.place(cluster) else {
                return Err(Errno::IO.into());
            };
            let next = end.min(cluster - slot + per_block);
            self.block(regions, index, offset)?;
            let slots = slot..slot + (next - cluster);
            self.blocks.change(offset, |block| write_counts(&geometry, block, slots, count));
            cluster = next;
        }
        Ok(())
    }
}

/// Changes counts, and returns the range of their bytes.
pub(super) fn write_counts(
    geometry: &Geometry,
    block: &mut [u8],
    slots: Range<u64>,
    count: u64,
) -> Range<usize> {
    let mut changed = 0..0;
    for slot in slots {
        let bytes = write_count(geometry, block, slot, count);
        changed = if changed.is_empty() { bytes } else { changed.start..bytes.end };
    }
    changed
}
