//! The layout of a new qcow2 image.

use std::io;

use crate::image::memory::zeroed;
use crate::image::qcow2::format::entry::COPIED;
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::qcow2::format::refcount_block::write_count;

/// The contents of a new image besides the structures that all images have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contents {
    /// The number of entries of the L1 table.
    pub(super) l1_entries: u64,
    /// The number of L2 tables: one for each entry of the L1 table, or none.
    pub(super) l2_tables: u64,
    /// The number of clusters for data within the image.
    pub(super) data_clusters: u64,
}

/// The position of each structure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    geometry: Geometry,
    pub(super) table_clusters: u64,
    pub(super) block_clusters: u64,
    pub(super) contents: Contents,
}

impl Layout {
    pub(super) fn new(geometry: Geometry, contents: Contents) -> Self {
        let mut layout = Layout { geometry, table_clusters: 1, block_clusters: 1, contents };
        // The refcount blocks and the refcount table count their own clusters too. More blocks can
        // therefore require further blocks. The numbers only grow, and soon converge.
        loop {
            let blocks = layout.clusters().div_ceil(geometry.counts_per_block());
            let table = (blocks * 8).div_ceil(geometry.cluster_size());
            if (blocks, table) == (layout.block_clusters, layout.table_clusters) {
                return layout;
            }
            (layout.block_clusters, layout.table_clusters) = (blocks, table);
        }
    }

    /// The number of clusters of the new image.
    fn clusters(&self) -> u64 {
        let before_data = self.data_offset() / self.geometry.cluster_size();
        before_data + self.contents.data_clusters
    }

    pub(super) fn table_offset(&self) -> u64 {
        self.geometry.cluster_size()
    }

    pub(super) fn block_offset(&self, block: u64) -> u64 {
        self.table_offset() + (self.table_clusters + block) * self.geometry.cluster_size()
    }

    /// The offset of the L1 table. Valid even if the table has no entries.
    pub(super) fn l1_offset(&self) -> u64 {
        self.block_offset(self.block_clusters)
    }

    pub(super) fn l2_offset(&self, table: u64) -> u64 {
        let l1 = (self.contents.l1_entries * 8).next_multiple_of(self.geometry.cluster_size());
        self.l1_offset() + l1 + table * self.geometry.cluster_size()
    }

    /// The offset of data within the image.
    pub(super) fn data_offset(&self) -> u64 {
        self.l2_offset(self.contents.l2_tables)
    }

    pub(super) fn refcount_table_bytes(&self) -> u64 {
        self.table_clusters * self.geometry.cluster_size()
    }

    /// # Errors
    /// ENOMEM, as for all tables.
    pub(super) fn refcount_table(&self) -> io::Result<Vec<u8>> {
        let mut table = zeroed(self.refcount_table_bytes() as usize)?;
        for (entry, block) in table.chunks_exact_mut(8).zip(0..self.block_clusters) {
            entry.copy_from_slice(&self.block_offset(block).to_be_bytes());
        }
        Ok(table)
    }

    /// A refcount block, with a count of 1 for each cluster of the new image.
    pub(super) fn refcount_block(&self, block: u64) -> io::Result<Vec<u8>> {
        let mut bytes = zeroed(self.geometry.cluster_size() as usize)?;
        let per_block = self.geometry.counts_per_block();
        let rest = self.clusters().saturating_sub(block * per_block);
        for slot in 0..rest.min(per_block) {
            write_count(&self.geometry, &mut bytes, slot, 1);
        }
        Ok(bytes)
    }

    /// The L1 table.
    pub(super) fn l1_table(&self) -> io::Result<Vec<u8>> {
        let mut bytes = zeroed(self.contents.l1_entries as usize * 8)?;
        for (entry, table) in bytes.chunks_exact_mut(8).zip(0..self.contents.l2_tables) {
            entry.copy_from_slice(&(self.l2_offset(table) | COPIED).to_be_bytes());
        }
        Ok(bytes)
    }

    /// An L2 table of an image with `clusters` clusters. The data begin at [`Layout::data_offset`]
    /// in the image, or at the beginning of an external data file.
    ///
    /// Subclusters are not allocated.
    pub(super) fn l2_table(&self, table: u64, clusters: u64) -> io::Result<Vec<u8>> {
        let start = if self.contents.data_clusters > 0 { self.data_offset() } else { 0 };
        let first = table * self.geometry.entries();
        let mut bytes = zeroed(self.geometry.cluster_size() as usize)?;
        let entries = bytes.chunks_exact_mut(self.geometry.entry_size() as usize);
        for (entry, cluster) in entries.zip(first..clusters) {
            let offset = start + cluster * self.geometry.cluster_size();
            entry[..8].copy_from_slice(&(offset | COPIED).to_be_bytes());
        }
        Ok(bytes)
    }
}
