//! The sizes of the structures of an image.

use crate::image::qcow2::header::Header;

/// The number of subclusters of a cluster.
pub(crate) const SUBCLUSTERS: u64 = 32;

/// The sizes of the structures of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub(crate) version: u32,
    pub(crate) cluster_bits: u32,
    pub(crate) refcount_bits: u64,
    /// Whether clusters have subclusters.
    pub(crate) extended_l2: bool,
    /// Whether the image has an external data file.
    pub(crate) data_file: bool,
}

impl Geometry {
    pub(crate) fn new(header: &Header) -> Self {
        Geometry {
            version: header.version(),
            cluster_bits: header.cluster_size().trailing_zeros(),
            refcount_bits: header.refcount_bits().into(),
            extended_l2: header.extended_l2(),
            data_file: header.has_data_file(),
        }
    }

    pub(crate) fn cluster_size(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// The size of a subcluster in bytes, or of a cluster without subclusters.
    pub(crate) fn subcluster_size(&self) -> u64 {
        if self.extended_l2 { self.cluster_size() / SUBCLUSTERS } else { self.cluster_size() }
    }

    /// All subclusters of a cluster, as a mask.
    pub(crate) fn all_subclusters(&self) -> u64 {
        if self.extended_l2 { u32::MAX.into() } else { 1 }
    }

    /// The subclusters that a range within one cluster touches, as a mask.
    pub(crate) fn subclusters(&self, offset: u64, length: u64) -> u64 {
        let first = offset % self.cluster_size() / self.subcluster_size();
        let last = (offset + length - 1) % self.cluster_size() / self.subcluster_size();
        ((1_u64 << (last + 1)) - 1) & !((1 << first) - 1)
    }

    pub(crate) fn entry_size(&self) -> u64 {
        if self.extended_l2 { 16 } else { 8 }
    }

    /// The number of entries of an L2 table.
    pub(crate) fn entries(&self) -> u64 {
        self.cluster_size() / self.entry_size()
    }

    pub(crate) fn l1_index(&self, offset: u64) -> u64 {
        (offset >> self.cluster_bits) / self.entries()
    }

    pub(crate) fn l2_index(&self, offset: u64) -> u64 {
        (offset >> self.cluster_bits) % self.entries()
    }

    /// The number of reference counts in a refcount block.
    pub(crate) fn counts_per_block(&self) -> u64 {
        self.cluster_size() * 8 / self.refcount_bits
    }

    /// The largest value of a reference count.
    pub(crate) fn count_max(&self) -> u64 {
        if self.refcount_bits == 64 { u64::MAX } else { (1 << self.refcount_bits) - 1 }
    }

    /// The number of the lowest bit of the length field in the L2 entry of a compressed cluster.
    pub(crate) fn compressed_shift(&self) -> u32 {
        62 - (self.cluster_bits - 8)
    }
}
