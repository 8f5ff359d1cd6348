//! Clusters whose references have been removed, but that are not free yet.

use std::ops::Range;

/// The number of ranges from which on a request frees them itself.
const RANGES_MAX: usize = 1024;

/// What the clusters of a range were used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FreedKind {
    /// Data of which there is a newer copy.
    Replaced,
    /// Data that a client has discarded, or replaced by zeroes.
    Discarded,
    /// Data beyond the new end of the image.
    Cropped,
    /// An L1 table.
    L1Table,
    /// An L2 table, of which slices may be in the cache.
    L2Table,
}

/// A range of the image file to free.
#[derive(Debug)]
pub(super) struct FreedRange {
    pub(super) range: Range<u64>,
    /// The number of the first request that began after the removal of the reference.
    pub(super) number: u64,
    pub(super) kind: FreedKind,
    /// Whether data has been written there since, through another reference of a damaged image.
    pub(super) is_written: bool,
}

/// Ranges of the image file whose references have been removed from the tables in memory. Each has
/// one reference less than its count.
///
/// They are freed when the removal is in the file, as otherwise the file would refer to clusters
/// that are used again. Also, the requests that were in flight at the removal must have ended, as
/// they may still read or write the clusters.
#[derive(Debug, Default)]
pub(super) struct Freed(Vec<FreedRange>);

impl Freed {
    pub(super) fn push(&mut self, freed: FreedRange) {
        if let Some(last) = self.0.last_mut()
            && last.range.end == freed.range.start
            && (last.kind, last.is_written) == (freed.kind, freed.is_written)
        {
            last.range.end = freed.range.end;
            last.number = freed.number;
        } else {
            self.0.push(freed);
        }
    }

    /// The number of references to the cluster at an offset that have been removed.
    pub(super) fn references(&self, offset: u64) -> u64 {
        self.0.iter().filter(|freed| freed.range.contains(&offset)).count() as u64
    }

    /// Notes a write of data to a range of the image file, so that the data stays there.
    pub(super) fn note_write(&mut self, written: &Range<u64>) {
        let meets = |freed: &&mut FreedRange| {
            freed.range.start < written.end && written.start < freed.range.end
        };
        self.0.iter_mut().filter(meets).for_each(|freed| freed.is_written = true);
    }

    pub(super) fn is_long(&self) -> bool {
        self.0.len() >= RANGES_MAX
    }

    /// Removes and returns the ranges that may be freed.
    pub(super) fn take(&mut self, may_be_freed: impl Fn(&FreedRange) -> bool) -> Vec<FreedRange> {
        self.0.extract_if(.., |freed| may_be_freed(freed)).collect()
    }
}
