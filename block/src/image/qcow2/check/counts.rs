//! The number of references to each cluster of a part of an image.

use std::ops::Range;

use super::references::{Found, Image};
use crate::error::Result;
use crate::image::memory::zeroed;
use crate::image::qcow2::format::refcount_block::read_count;

/// The number of clusters whose references are counted at once. A larger image is read several
/// times, so that the memory is bounded. No refcount block counts more clusters.
const PART: u64 = 16 << 20;

/// Which references are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All references.
    All,
    /// All references, except those to the refcount structure.
    WithoutRefcounts,
}

/// The references to the clusters of a part of an image.
pub(super) struct Counts {
    /// The numbers of the clusters.
    pub(super) clusters: Range<u64>,
    counts: Vec<u32>,
    /// The largest count that the image can store. As in QEMU, more references are not counted.
    count_max: u32,
    /// The references that are not counted, as the image cannot store so many.
    pub(super) overflows: u64,
    /// The entries in the whole image that refer to nothing valid.
    pub(super) corruptions: u64,
    /// The structures in the whole image that cannot be read.
    pub(super) unreadable: u64,
}

impl Counts {
    pub(super) fn get(&self, cluster: u64) -> u64 {
        self.counts[(cluster - self.clusters.start) as usize].into()
    }

    fn add(&mut self, range: &Range<u64>, cluster_bits: u32, file_end: u64) {
        if range.is_empty() {
            return;
        }
        if range.end > file_end {
            self.corruptions += 1;
            return;
        }
        let first = (range.start >> cluster_bits).max(self.clusters.start);
        let end = (((range.end - 1) >> cluster_bits) + 1).min(self.clusters.end);
        for cluster in first..end {
            let count = &mut self.counts[(cluster - self.clusters.start) as usize];
            match *count < self.count_max {
                true => *count += 1,
                false => self.overflows += 1,
            }
        }
    }
}

impl Image<'_> {
    /// The number of clusters of the file, and one: as in QEMU, the cluster behind the end may be
    /// in use too, as its data may be zeroes that have not been written.
    pub(super) fn clusters(&self) -> Result<u64> {
        Ok(self.storage.size()?.div_ceil(self.geometry.cluster_size()) + 1)
    }

    /// Calls `work` with the references to all clusters of the file, in parts.
    pub(super) fn for_each_part(
        &self,
        scope: Scope,
        mut work: impl FnMut(&Counts) -> Result<()>,
    ) -> Result<()> {
        let clusters = self.clusters()?;
        let bits = self.geometry.cluster_bits;
        let file_end = clusters << bits;
        let mut start = 0;
        while start < clusters {
            let part = start..clusters.min(start + PART);
            let mut counts = Counts {
                counts: zeroed((part.end - part.start) as usize)?,
                clusters: part,
                count_max: u32::try_from(self.geometry.count_max()).unwrap_or(u32::MAX),
                overflows: 0,
                corruptions: 0,
                unreadable: 0,
            };
            let mut add = |found| match found {
                Found::Reference(range) => counts.add(&range, bits, file_end),
                Found::Corruption => counts.corruptions += 1,
                Found::Unreadable => counts.unreadable += 1,
            };
            self.data_references(&mut add)?;
            if scope == Scope::All {
                self.refcount_references(&mut add)?;
            }
            work(&counts)?;
            start = counts.clusters.end;
        }
        Ok(())
    }
}

/// Reads the stored counts of clusters one after the other, with the current block in memory.
pub(super) struct StoredCounts<'a> {
    image: &'a Image<'a>,
    /// The number of the block.
    number: u64,
    block: Option<Vec<u8>>,
}

impl<'a> StoredCounts<'a> {
    pub(super) fn new(image: &'a Image<'a>) -> Self {
        StoredCounts { image, number: u64::MAX, block: None }
    }

    /// The stored count of a cluster; `None` without a refcount block.
    pub(super) fn get(&mut self, cluster: u64) -> Result<Option<u64>> {
        let per_block = self.image.geometry.counts_per_block();
        let number = cluster / per_block;
        if self.number != number {
            self.image.check_cancelled()?;
            self.block = match self.image.refcount_block(number)? {
                0 => None,
                offset => {
                    let mut bytes = zeroed(self.image.geometry.cluster_size() as usize)?;
                    self.image.storage.read(offset, &mut bytes)?;
                    Some(bytes)
                }
            };
            self.number = number;
        }
        let block = self.block.as_deref();
        Ok(block.map(|block| read_count(&self.image.geometry, block, cluster % per_block)))
    }
}
