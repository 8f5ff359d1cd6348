//! Where the parts of a new qcow2 image are.

/// Which clusters hold what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    cluster_size: u64,
    pub(super) table_clusters: u64,
    block_clusters: u64,
    pub(super) l1_entries: u64,
}

impl Layout {
    pub(super) fn new(cluster_size: u64, refcount_bits: u64, l1_entries: u64) -> Self {
        let mut layout =
            Layout { cluster_size, table_clusters: 1, block_clusters: 1, l1_entries };
        let counts_per_block = cluster_size * 8 / refcount_bits;
        // More blocks may need more blocks to count them; the numbers only grow, and soon settle.
        loop {
            let blocks = layout.clusters().div_ceil(counts_per_block);
            let table = (blocks * 8).div_ceil(cluster_size);
            if (blocks, table) == (layout.block_clusters, layout.table_clusters) {
                return layout;
            }
            (layout.block_clusters, layout.table_clusters) = (blocks, table);
        }
    }

    /// All clusters that the image begins with.
    pub(super) fn clusters(&self) -> u64 {
        let l1 = (self.l1_bytes() as u64).div_ceil(self.cluster_size);
        1 + self.table_clusters + self.block_clusters + l1
    }

    /// Bytes in the L1 table, at most `L1_MAX`.
    pub(super) fn l1_bytes(&self) -> usize {
        self.l1_entries as usize * 8
    }

    pub(super) fn table_offset(&self) -> u64 {
        self.cluster_size
    }

    pub(super) fn blocks_offset(&self) -> u64 {
        self.table_offset() + self.table_clusters * self.cluster_size
    }

    /// Also where an L1 table would begin that has no entries.
    pub(super) fn l1_offset(&self) -> u64 {
        self.blocks_offset() + self.block_clusters * self.cluster_size
    }

    pub(super) fn refcount_table(&self) -> Vec<u8> {
        let mut table: Vec<u8> = (0..self.block_clusters)
            .flat_map(|block| (self.blocks_offset() + block * self.cluster_size).to_be_bytes())
            .collect();
        table.resize((self.table_clusters * self.cluster_size) as usize, 0);
        table
    }

    /// The refcount blocks, with 1 for each cluster that the image begins with.
    pub(super) fn refcount_blocks(&self, refcount_bits: u64) -> Vec<u8> {
        let mut blocks = vec![0; (self.block_clusters * self.cluster_size) as usize];
        for cluster in 0..self.clusters() {
            let bit = cluster * refcount_bits;
            // Counts of less than a byte fill it from its lowest bit up; larger ones are
            // big-endian, so that the 1 is in their last byte.
            let (byte, value) = if refcount_bits < 8 {
                (bit / 8, 1 << (bit % 8))
            } else {
                (bit / 8 + refcount_bits / 8 - 1, 1)
            };
            blocks[byte as usize] |= value;
        }
        blocks
    }
}
