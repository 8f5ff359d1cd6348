//! Where the parts of a new qcow2 image are.

/// An entry of a table for a cluster that nothing else refers to.
const COPIED: u64 = 1 << 63;

/// What an image begins with besides what all images have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contents {
    /// Entries of the L1 table.
    pub(super) l1_entries: u64,
    /// L2 tables: one for each entry of the L1 table, or none.
    pub(super) l2_tables: u64,
    /// Clusters for data within the image.
    pub(super) data_clusters: u64,
}

/// How wide the entries of an image are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widths {
    pub(super) cluster_size: u64,
    /// Bits of a reference count.
    pub(super) refcount_bits: u64,
    /// Bytes of an entry of an L2 table: 8, or 16 if clusters are divided.
    pub(super) l2_entry: u64,
}

/// Which clusters hold what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    widths: Widths,
    pub(super) table_clusters: u64,
    pub(super) block_clusters: u64,
    pub(super) contents: Contents,
}

impl Layout {
    pub(super) fn new(widths: Widths, contents: Contents) -> Self {
        let mut layout = Layout { widths, table_clusters: 1, block_clusters: 1, contents };
        // More blocks may need more blocks to count them; the numbers only grow, and soon settle.
        loop {
            let blocks = layout.clusters().div_ceil(layout.counts_per_block());
            let table = (blocks * 8).div_ceil(widths.cluster_size);
            if (blocks, table) == (layout.block_clusters, layout.table_clusters) {
                return layout;
            }
            (layout.block_clusters, layout.table_clusters) = (blocks, table);
        }
    }

    fn counts_per_block(&self) -> u64 {
        self.widths.cluster_size * 8 / self.widths.refcount_bits
    }

    fn entries_per_l2(&self) -> u64 {
        self.widths.cluster_size / self.widths.l2_entry
    }

    /// All clusters that the image begins with.
    fn clusters(&self) -> u64 {
        let before_data = self.data_offset() / self.widths.cluster_size;
        before_data + self.contents.data_clusters
    }

    pub(super) fn table_offset(&self) -> u64 {
        self.widths.cluster_size
    }

    pub(super) fn block_offset(&self, block: u64) -> u64 {
        self.table_offset() + (self.table_clusters + block) * self.widths.cluster_size
    }

    /// Also where an L1 table would begin that has no entries.
    pub(super) fn l1_offset(&self) -> u64 {
        self.block_offset(self.block_clusters)
    }

    pub(super) fn l2_offset(&self, table: u64) -> u64 {
        let l1 = (self.contents.l1_entries * 8).next_multiple_of(self.widths.cluster_size);
        self.l1_offset() + l1 + table * self.widths.cluster_size
    }

    /// Where data begin within the image.
    pub(super) fn data_offset(&self) -> u64 {
        self.l2_offset(self.contents.l2_tables)
    }

    pub(super) fn refcount_table_bytes(&self) -> u64 {
        self.table_clusters * self.widths.cluster_size
    }

    pub(super) fn refcount_table(&self) -> Vec<u8> {
        let mut table: Vec<u8> = (0..self.block_clusters)
            .flat_map(|block| self.block_offset(block).to_be_bytes())
            .collect();
        table.resize(self.refcount_table_bytes() as usize, 0);
        table
    }

    /// One of the refcount blocks, with 1 for each cluster that the image begins with.
    pub(super) fn refcount_block(&self, block: u64) -> Vec<u8> {
        let mut bytes = vec![0; self.widths.cluster_size as usize];
        let bits = self.widths.refcount_bits;
        let rest = self.clusters().saturating_sub(block * self.counts_per_block());
        for index in 0..rest.min(self.counts_per_block()) {
            let bit = index * bits;
            // Counts of less than a byte fill it from its lowest bit up; larger ones are
            // big-endian, so that the 1 is in their last byte.
            let (byte, value) =
                if bits < 8 { (bit / 8, 1 << (bit % 8)) } else { (bit / 8 + bits / 8 - 1, 1) };
            bytes[byte as usize] |= value;
        }
        bytes
    }

    /// The L1 table, which fits into memory.
    pub(super) fn l1_table(&self) -> Vec<u8> {
        let entry =
            |table| if table < self.contents.l2_tables { self.l2_offset(table) } else { 0 };
        let entries = (0..self.contents.l1_entries).map(entry);
        entries.flat_map(|offset| counted(offset).to_be_bytes()).collect()
    }

    /// One of the L2 tables, for so many clusters in all. Their data are in the image from
    /// [`Layout::data_offset`] on, or else in another file from its beginning on.
    ///
    /// Where clusters are divided, none of their parts is allocated yet.
    pub(super) fn l2_table(&self, table: u64, clusters: u64) -> Vec<u8> {
        let start = if self.contents.data_clusters > 0 { self.data_offset() } else { 0 };
        let first = table * self.entries_per_l2();
        let mut bytes = vec![0; self.widths.cluster_size as usize];
        let entries = bytes.chunks_exact_mut(self.widths.l2_entry as usize);
        for (entry, cluster) in entries.zip(first..clusters) {
            let offset = start + cluster * self.widths.cluster_size;
            entry[..8].copy_from_slice(&(offset | COPIED).to_be_bytes());
        }
        bytes
    }
}

/// An entry that refers to a table, or to none.
fn counted(offset: u64) -> u64 {
    if offset == 0 { 0 } else { offset | COPIED }
}
