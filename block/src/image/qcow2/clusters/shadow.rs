//! Copies of the refcount structure, which can be changed without a change of the image.

use std::ops::Range;

use rustix::io::Errno;

use super::cache::TableCache;
use super::corruption::Result;
use super::refcounts::{OFFSET_END, Refcounts};
use super::regions::{Offsets, Regions};
use crate::image::qcow2::header::TablePointers;

/// The refcount structure that a copy is about to replace.
#[derive(Debug)]
pub(super) struct FormerStructure {
    table: Range<u64>,
    blocks: Vec<u64>,
}

/// The clusters of a copy: first the copies of blocks, then the table, then additional blocks for
/// these clusters themselves.
struct Layout {
    start: u64,
    copies: u64,
    table: u64,
    added: Vec<usize>,
}

impl Layout {
    fn clusters(&self) -> u64 {
        self.copies + self.table + self.added.len() as u64
    }
}

impl Refcounts {
    /// Copies the refcount structure to clusters behind all clusters in use, and continues with the
    /// copy. The header refers to the former structure until the caller changes that. Until then,
    /// later allocations take clusters that are free in the former structure too.
    ///
    /// The table gets room for `more` further clusters, so that it need not grow.
    pub(super) fn copy_structure(
        &mut self,
        regions: &mut Regions,
        more: u64,
    ) -> Result<FormerStructure> {
        let size = self.geometry.cluster_size();
        let layout = self.layout(regions, more)?;
        let Layout { start, copies, table: table_clusters, ref added } = layout;
        let offset = |number: u64| (start + number) * size;
        regions.check_allocated(offset(0), layout.clusters() * size)?;
        let mut table = self.table.clone();
        table.resize((table_clusters * size / 8) as usize, 0);
        let mut bytes = vec![0; size as usize];
        let present = self.table.iter().enumerate().filter(|(_, block)| **block != 0);
        for (number, (index, block)) in (0..).zip(present) {
            if !block.is_multiple_of(size) {
                return Err(Errno::IO.into());
            }
            self.storage.read(*block, &mut bytes)?;
            self.storage.write(offset(number), &bytes)?;
            table[index] = offset(number);
        }
        bytes.fill(0);
        for (number, index) in (copies + table_clusters..).zip(added) {
            self.storage.write(offset(number), &bytes)?;
            table[*index] = offset(number);
        }
        let former = FormerStructure {
            table: regions.refcount_table.clone(),
            blocks: self.table.iter().copied().filter(|block| *block != 0).collect(),
        };
        regions.refcount_blocks = Offsets::new(table.iter().copied())?;
        regions.refcount_table = offset(copies)..offset(copies + table_clusters);
        self.table_offset = offset(copies);
        self.dirty_entries = 0..table.len();
        self.table = table;
        self.blocks = TableCache::new(self.blocks.capacity(), size);
        self.set_run(regions, start, layout.clusters(), 1)?;
        self.free_from = start + layout.clusters();
        Ok(former)
    }

    /// Frees the clusters of the former structure. They must not be allocated before the header
    /// refers to the copy.
    pub(super) fn release_structure(
        &mut self,
        regions: &Regions,
        former: FormerStructure,
    ) -> Result<()> {
        for block in former.blocks {
            self.release(regions, block, self.geometry.cluster_size())?;
        }
        let FormerStructure { table, blocks: _ } = former;
        self.release(regions, table.start, table.end - table.start)
    }

    fn layout(&mut self, regions: &Regions, more: u64) -> Result<Layout> {
        let (size, per_block) = (self.geometry.cluster_size(), self.geometry.counts_per_block());
        let start = self.end_of_used(regions)? >> self.geometry.cluster_bits;
        let copies = self.table.iter().filter(|block| **block != 0).count() as u64;
        // Each block of a sound image has a cluster of its own.
        if copies > self.storage.size()?.div_ceil(size) {
            return Err(Errno::IO.into());
        }
        let mut layout = Layout {
            start,
            copies,
            table: (self.table.len() as u64 * 8).div_ceil(size).max(1),
            added: Vec::new(),
        };
        loop {
            let end = start + layout.clusters();
            if (end + more) > OFFSET_END >> self.geometry.cluster_bits {
                return Err(Errno::FBIG.into());
            }
            let added: Vec<usize> = (start / per_block..end.div_ceil(per_block))
                .map(|index| index as usize)
                .filter(|index| self.table.get(*index).copied().unwrap_or(0) == 0)
                .collect();
            // A long run begins behind all blocks, and each further block takes a cluster too.
            let entries = (end + 3 * more) / per_block + 8;
            let table = (entries * 8).div_ceil(size).max(layout.table);
            if table * size > TablePointers::REFCOUNT_MAX {
                return Err(Errno::FBIG.into());
            }
            if added.len() == layout.added.len() && table == layout.table {
                return Ok(layout);
            }
            (layout.added, layout.table) = (added, table);
        }
    }
}
