//! The allocation of clusters.

use rustix::io::Errno;

use super::corruption::{Corruption, Result};
use super::refcounts::{OFFSET_END, Refcounts, write_counts};
use super::regions::{OverlapChecks, Regions};
use crate::image::memory::{table_bytes, zeroed};
use crate::image::qcow2::format::refcount_block::read_count;
use crate::image::qcow2::header::TablePointers;

/// The offset of the header fields for the position and the length of the refcount table.
const TABLE_FIELDS: u64 = 48;

/// The use of an allocated cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Data,
    Compressed,
    L1Table,
    L2Table,
}

impl Purpose {
    /// The name for a cluster in QEMU's messages. Other clusters are data to it.
    fn name(self) -> Option<&'static str> {
        match self {
            Purpose::Compressed => Some("compressed cluster"),
            Purpose::L2Table => Some("L2 table"),
            Purpose::Data | Purpose::L1Table => None,
        }
    }
}

impl Refcounts {
    /// Allocates adjacent clusters: at least one, and at most `wanted`. Returns the offset of the
    /// first one and their number. Their counts are 1.
    pub(super) fn allocate(
        &mut self,
        regions: &mut Regions,
        purpose: Purpose,
        wanted: u64,
    ) -> Result<(u64, u64)> {
        self.allocate_run(regions, purpose, wanted, false)
    }

    /// As [`Refcounts::allocate`], for exactly `wanted` clusters.
    pub(super) fn allocate_all(
        &mut self,
        regions: &mut Regions,
        purpose: Purpose,
        wanted: u64,
    ) -> Result<u64> {
        self.allocate_run(regions, purpose, wanted, true).map(|(offset, _)| offset)
    }

    /// Allocates up to `wanted` clusters at an offset, as far as they are free. Returns their
    /// number.
    pub(super) fn allocate_at(
        &mut self,
        regions: &Regions,
        offset: u64,
        wanted: u64,
    ) -> Result<u64> {
        let first = offset >> self.geometry.cluster_bits;
        let per_block = self.geometry.counts_per_block();
        // Clusters of other blocks are left to `allocate`, which adds missing blocks.
        let wanted = wanted.min(per_block - first % per_block);
        let has_block = self.has_block(first);
        let mut count = 0;
        while has_block && count < wanted && self.get(regions, first + count)? == 0 {
            count += 1;
        }
        if count > 0 {
            self.check(regions, Purpose::Data, offset, count)?;
            self.set_run(regions, first, count, 1)?;
        }
        Ok(count)
    }

    /// Searches free clusters from `free_from` on for the whole run, as QEMU does: a shorter gap
    /// between used clusters may come from a wrong count. Without `all`, clusters that no block
    /// counts yet are left out, as a new block separates them from the run.
    ///
    /// No cluster is searched twice, unless one before it becomes free.
    fn allocate_run(
        &mut self,
        regions: &mut Regions,
        purpose: Purpose,
        wanted: u64,
        all: bool,
    ) -> Result<(u64, u64)> {
        if all && wanted >= self.geometry.counts_per_block() {
            // Blocks in their usual place separate the clusters that they count.
            return self.allocate_behind_all(regions, wanted);
        }
        let first = self.free_from;
        let (mut start, mut cluster) = (first, first);
        while cluster - start < wanted {
            if !self.has_block(cluster) && cluster > start && !all {
                break;
            }
            let (used, next) = self.used_run(regions, cluster, start + wanted)?;
            cluster = next;
            if used {
                start = next;
            }
        }
        let offset = start << self.geometry.cluster_bits;
        self.check(regions, purpose, offset, cluster - start)?;
        self.set_run(regions, start, cluster - start, 1)?;
        // A replaced refcount table has become free in between.
        if self.free_from == first {
            self.free_from = cluster;
        }
        Ok((offset, cluster - start))
    }

    /// Allocates `wanted` adjacent clusters behind all clusters that blocks count. As in QEMU, the
    /// new blocks that count the run follow it.
    fn allocate_behind_all(&mut self, regions: &mut Regions, wanted: u64) -> Result<(u64, u64)> {
        let geometry = self.geometry;
        let (size, per_block) = (geometry.cluster_size(), geometry.counts_per_block());
        let blocks = blocks_for(wanted, per_block);
        let index = loop {
            let last = self.table.iter().rposition(|entry| *entry != 0);
            let index = last.map_or(0, |last| last as u64 + 1);
            if index + blocks <= self.table.len() as u64 {
                break index;
            }
            // The new table, with its blocks, is behind the present clusters too.
            self.grow_table(regions, index + blocks - 1)?;
        };
        let start = index * per_block;
        let used = wanted + blocks;
        if start + used > OFFSET_END >> geometry.cluster_bits {
            return Err(Errno::FBIG.into());
        }
        let offset = start << geometry.cluster_bits;
        regions.check_allocated(offset, used << geometry.cluster_bits)?;
        for number in 0..blocks {
            let mut bytes = zeroed(size as usize)?;
            let counted = used.saturating_sub(number * per_block).min(per_block);
            write_counts(&geometry, &mut bytes, 0..counted, 1);
            self.storage.write(offset + (wanted + number) * size, &bytes)?;
        }
        for number in 0..blocks {
            let block = offset + (wanted + number) * size;
            self.table[(index + number) as usize] = block;
            regions.refcount_blocks.replace(0, block);
            self.mark_dirty((index + number) as usize);
        }
        Ok((offset, wanted))
    }

    /// Refuses clusters that lie in metadata, which have a count in a sound image.
    fn check(
        &self,
        regions: &Regions,
        purpose: Purpose,
        offset: u64,
        clusters: u64,
    ) -> Result<()> {
        if let Some(name) = purpose.name().filter(|_| offset == 0) {
            let text = format!("Preventing invalid allocation of {name} at offset 0");
            return Err(Corruption::new(text).into());
        }
        if let Some(contradicted) = self.contradicted {
            regions.check_allocated(contradicted, self.geometry.cluster_size())?;
        }
        regions.check_allocated(offset, clusters << self.geometry.cluster_bits)
    }

    /// Whether a cluster is in use, and the end of the run of clusters of which this is true. The
    /// run ends with the block at the latest, and a run of free clusters at `end`. Adds a block for
    /// the cluster if there is none.
    fn used_run(&mut self, regions: &mut Regions, cluster: u64, end: u64) -> Result<(bool, u64)> {
        if cluster >= OFFSET_END >> self.geometry.cluster_bits {
            return Err(Errno::FBIG.into());
        }
        let geometry = self.geometry;
        let per_block = geometry.counts_per_block();
        let index = cluster / per_block;
        if index >= self.table.len() as u64 {
            self.grow_table(regions, index)?;
        }
        if self.table[index as usize] == 0 {
            self.add_block(regions, index)?;
        }
        let offset = self.table[index as usize];
        let block = self.block(regions, index, offset)?;
        let is_used = |slot| read_count(&geometry, block, slot) != 0;
        let first = cluster % per_block;
        let used = is_used(first);
        let last = if used { per_block } else { per_block.min(end - cluster + first) };
        let next = (first..last).find(|slot| is_used(*slot) != used).unwrap_or(last);
        Ok((used, cluster - first + next))
    }

    /// Adds a refcount block. The block occupies the first of the clusters that it counts. All
    /// these clusters are free.
    fn add_block(&mut self, regions: &mut Regions, index: u64) -> Result<()> {
        let offset = (index * self.geometry.counts_per_block()) << self.geometry.cluster_bits;
        if offset == 0 {
            let text = "Preventing invalid allocation of refcount block at offset 0".to_owned();
            return Err(Corruption::new(text).into());
        }
        let mut bytes = zeroed(self.geometry.cluster_size() as usize)?;
        write_counts(&self.geometry, &mut bytes, 0..1, 1);
        regions.check_allocated(offset, bytes.len() as u64)?;
        self.storage.write(offset, &bytes)?;
        self.make_room(regions)?;
        self.blocks.insert(offset, bytes.into_boxed_slice());
        // Later changes of the block and the entry are written in this order too.
        self.table[index as usize] = offset;
        regions.refcount_blocks.replace(0, offset);
        self.mark_dirty(index as usize);
        Ok(())
    }

    pub(super) fn mark_dirty(&mut self, index: usize) {
        let dirty = &self.dirty_entries;
        self.dirty_entries = match dirty.is_empty() {
            true => index..index + 1,
            false => dirty.start.min(index)..dirty.end.max(index + 1),
        };
    }

    /// Replaces the table by a longer table, which has an entry `index`. The new table occupies the
    /// first clusters that the current table cannot count.
    fn grow_table(&mut self, regions: &mut Regions, index: u64) -> Result<()> {
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
        let used = table_clusters + blocks;
        if table_clusters * size > TablePointers::REFCOUNT_MAX
            || start + used > OFFSET_END >> geometry.cluster_bits
        {
            return Err(Errno::FBIG.into());
        }
        let offset = start << geometry.cluster_bits;
        regions.check_allocated(offset, used << geometry.cluster_bits)?;
        // The new table refers to all blocks, so they must be in the file.
        self.write_back(regions)?;
        let mut table = zeroed((table_clusters * size / 8) as usize)?;
        table[..self.table.len()].copy_from_slice(&self.table);
        for block in 0..blocks {
            let offset = (start + table_clusters + block) << geometry.cluster_bits;
            let mut bytes = zeroed(size as usize)?;
            let counted = used.saturating_sub(block * per_block).min(per_block);
            write_counts(&geometry, &mut bytes, 0..counted, 1);
            self.storage.write(offset, &bytes)?;
            table[(first_new + block) as usize] = offset;
        }
        self.storage.write(offset, &table_bytes(&table, 0)?)?;
        self.switch_table(regions, offset, table)
    }

    /// Makes another table the active one, and frees the former one. The table is in the file.
    fn switch_table(
        &mut self,
        regions: &mut Regions,
        offset: u64,
        table: Vec<u64>,
    ) -> Result<()> {
        let clusters = (table.len() as u64 * 8) >> self.geometry.cluster_bits;
        self.sync_now()?;
        let mut fields = offset.to_be_bytes().to_vec();
        fields.extend_from_slice(&(clusters as u32).to_be_bytes());
        regions.check(OverlapChecks::MAIN_HEADER, TABLE_FIELDS, fields.len() as u64)?;
        self.storage.write(TABLE_FIELDS, &fields)?;
        self.sync_now()?;
        for block in &table[self.table.len()..] {
            regions.refcount_blocks.replace(0, *block);
        }
        let old = regions.refcount_table.clone();
        regions.refcount_table = offset..offset + table.len() as u64 * 8;
        (self.table_offset, self.table) = (offset, table);
        self.release(regions, old.start, old.end - old.start)
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
