//! The reference counts of clusters. Every change is written to the file at once.

use std::io;
use std::num::NonZeroUsize;

use lru::LruCache;
use nix::errno::Errno;

use crate::image::qcow2::format::geometry::Geometry;
use crate::image::qcow2::format::refcount_block::{read_count, write_count};
use crate::image::qcow2::header::TablePointers;
use crate::image::storage::Storage;

/// The bits of a refcount table entry that contain the offset of a block.
const BLOCK_OFFSET_MASK: u64 = !0x1ff;
/// The size of the cache of refcount blocks in bytes. The cache has room for at least one block.
const MEMORY_MAX: u64 = 2 << 20;
/// The offset of the header fields for the position and the length of the refcount table.
const TABLE_FIELDS: u64 = 48;

/// The refcount table and its blocks.
#[derive(Debug)]
pub(super) struct Refcounts {
    storage: Storage,
    geometry: Geometry,
    table_offset: u64,
    /// The offsets of the blocks; 0 for no block.
    table: Vec<u64>,
    blocks: LruCache<u64, Vec<u8>>,
    /// The first cluster that may be free.
    free_from: u64,
}

impl Refcounts {
    pub(super) fn load(
        storage: &Storage,
        geometry: Geometry,
        pointers: &TablePointers,
    ) -> io::Result<Self> {
        let range = &pointers.refcount_table;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        storage.read(range.start, &mut bytes)?;
        let entries =
            bytes.chunks_exact(8).map(|entry| entry.try_into().map_or(0, u64::from_be_bytes));
        Ok(Refcounts {
            storage: storage.clone(),
            geometry,
            table_offset: range.start,
            table: entries.map(|entry| entry & BLOCK_OFFSET_MASK).collect(),
            blocks: LruCache::new(cached_blocks(geometry)),
            free_from: 0,
        })
    }

    /// Allocates adjacent clusters: at least one, and at most `wanted`. Returns the offset of the
    /// first one and their number. Their counts are 1.
    pub(super) fn allocate(&mut self, wanted: u64) -> io::Result<(u64, u64)> {
        self.allocate_run(wanted, false)
    }

    /// As [`Refcounts::allocate`], for exactly `wanted` clusters.
    pub(super) fn allocate_all(&mut self, wanted: u64) -> io::Result<u64> {
        self.allocate_run(wanted, true).map(|(offset, _)| offset)
    }

    fn allocate_run(&mut self, wanted: u64, all: bool) -> io::Result<(u64, u64)> {
        let mut cluster = self.free_from;
        let mut start = cluster;
        while cluster - start < wanted {
            if self.count_in_block(cluster)? == 0 {
                cluster += 1;
                continue;
            }
            if cluster > start && !all {
                break;
            }
            // `free_from` moves past used clusters only, not past a run of free clusters that is
            // too short for this allocation.
            if start == self.free_from && cluster == start {
                self.free_from = cluster + 1;
            }
            cluster += 1;
            start = cluster;
        }
        let end = cluster;
        for cluster in start..end {
            self.set(cluster, 1)?;
        }
        if start == self.free_from {
            self.free_from = end;
        }
        Ok((start << self.geometry.cluster_bits, end - start))
    }

    /// Removes one reference to each cluster that the range touches.
    pub(super) fn release(&mut self, offset: u64, length: u64) -> io::Result<()> {
        for cluster in self.clusters(offset, length) {
            let count = self.get(cluster)?.checked_sub(1).ok_or(Errno::EIO)?;
            self.set(cluster, count)?;
            if count == 0 {
                self.free_from = self.free_from.min(cluster);
            }
        }
        Ok(())
    }

    /// Adds one reference to the cluster at `offset`. Returns false if its count is at the maximum.
    pub(super) fn retain(&mut self, offset: u64) -> io::Result<bool> {
        let cluster = offset >> self.geometry.cluster_bits;
        let count = self.get(cluster)?;
        if count == self.geometry.count_max() {
            return Ok(false);
        }
        self.set(cluster, count + 1)?;
        Ok(true)
    }

    fn clusters(&self, offset: u64, length: u64) -> std::ops::Range<u64> {
        let bits = self.geometry.cluster_bits;
        offset >> bits..((offset + length - 1) >> bits) + 1
    }

    fn get(&mut self, cluster: u64) -> io::Result<u64> {
        let per_block = self.geometry.counts_per_block();
        let geometry = self.geometry;
        match self.table.get((cluster / per_block) as usize).copied() {
            Some(0) | None => Ok(0),
            Some(block) => Ok(read_count(&geometry, self.block(block)?, cluster % per_block)),
        }
    }

    /// The count of a cluster. Allocates a refcount block for the cluster if there is none.
    fn count_in_block(&mut self, cluster: u64) -> io::Result<u64> {
        let index = cluster / self.geometry.counts_per_block();
        if index >= self.table.len() as u64 {
            self.grow_table(index)?;
        }
        if self.table[index as usize] == 0 {
            self.add_block(index)?;
        }
        self.get(cluster)
    }

    fn block(&mut self, offset: u64) -> io::Result<&mut Vec<u8>> {
        let size = self.geometry.cluster_size();
        if !offset.is_multiple_of(size) {
            return Err(Errno::EIO.into());
        }
        let storage = &self.storage;
        self.blocks.try_get_or_insert_mut(offset, || {
            let mut bytes = vec![0; size as usize];
            storage.read(offset, &mut bytes)?;
            Ok(bytes)
        })
    }

    fn set(&mut self, cluster: u64, count: u64) -> io::Result<()> {
        let per_block = self.geometry.counts_per_block();
        let geometry = self.geometry;
        let entry = self.table.get((cluster / per_block) as usize).copied();
        let offset = entry.filter(|offset| *offset != 0).ok_or(Errno::EIO)?;
        let block = self.block(offset)?;
        let changed = write_count(&geometry, block, cluster % per_block, count);
        let bytes = block[changed.clone()].to_vec();
        let written = self.storage.write(offset + changed.start as u64, &bytes);
        if written.is_err() {
            // The cached block may now differ from the file.
            self.blocks.pop(&offset);
        }
        written
    }

    /// Adds a refcount block. The block occupies the first of the clusters that it counts. All
    /// these clusters are free.
    fn add_block(&mut self, index: u64) -> io::Result<()> {
        let offset = (index * self.geometry.counts_per_block()) << self.geometry.cluster_bits;
        let mut bytes = vec![0; self.geometry.cluster_size() as usize];
        write_count(&self.geometry, &mut bytes, 0, 1);
        self.storage.write(offset, &bytes)?;
        self.storage.write(self.table_offset + index * 8, &offset.to_be_bytes())?;
        self.table[index as usize] = offset;
        self.blocks.put(offset, bytes);
        Ok(())
    }

    /// Replaces the table by a longer table, which has an entry `index`. The new table occupies the
    /// first clusters that the current table cannot count.
    fn grow_table(&mut self, index: u64) -> io::Result<()> {
        let geometry = self.geometry;
        let (size, per_block) = (geometry.cluster_size(), geometry.counts_per_block());
        let first_new = self.table.len() as u64;
        let start = first_new * per_block;
        let wanted = (index + 1).max(first_new + first_new / 2) * 8;
        let mut table_clusters = wanted.div_ceil(size);
        // New blocks follow the new table. They count the clusters of the table and of the blocks
        // themselves. The table needs entries for these blocks too.
        let blocks = loop {
            let blocks = blocks_for(table_clusters, per_block);
            let entries = table_clusters * size / 8;
            if first_new + blocks <= entries {
                break blocks;
            }
            table_clusters += 1;
        };
        if table_clusters * size > TablePointers::REFCOUNT_MAX {
            return Err(Errno::EFBIG.into());
        }
        let mut table = self.table.clone();
        table.resize((table_clusters * size / 8) as usize, 0);
        let used = table_clusters + blocks;
        for block in 0..blocks {
            let offset = (start + table_clusters + block) << geometry.cluster_bits;
            let mut bytes = vec![0; size as usize];
            let counted = used.saturating_sub(block * per_block).min(per_block);
            for slot in 0..counted {
                write_count(&geometry, &mut bytes, slot, 1);
            }
            self.storage.write(offset, &bytes)?;
            table[(first_new + block) as usize] = offset;
        }
        let bytes: Vec<u8> = table.iter().flat_map(|entry| entry.to_be_bytes()).collect();
        let offset = start << geometry.cluster_bits;
        self.storage.write(offset, &bytes)?;
        let mut fields = offset.to_be_bytes().to_vec();
        fields.extend_from_slice(&(table_clusters as u32).to_be_bytes());
        self.storage.write(TABLE_FIELDS, &fields)?;
        let (old, old_length) = (self.table_offset, self.table.len() as u64 * 8);
        (self.table_offset, self.table) = (offset, table);
        self.release(old, old_length)
    }
}

/// The number of blocks that count `clusters` clusters and the blocks themselves.
fn blocks_for(clusters: u64, per_block: u64) -> u64 {
    let mut blocks = 1;
    while (clusters + blocks).div_ceil(per_block) > blocks {
        blocks += 1;
    }
    blocks
}

/// The number of refcount blocks in the cache.
fn cached_blocks(geometry: Geometry) -> NonZeroUsize {
    let blocks = MEMORY_MAX / geometry.cluster_size();
    NonZeroUsize::new(blocks as usize).unwrap_or(NonZeroUsize::MIN)
}
