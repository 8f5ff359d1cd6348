//! A dirty bitmap.

use std::ops::Range;

use super::bits::Bits;
use crate::error::{Error, Result};

/// The members of `BlockDirtyInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirtyBitmapInfo {
    /// The name; `None` for the entry of the writes that a bitmap takes in after its use by a job.
    pub name: Option<String>,
    /// The number of bytes for which a bit stands.
    pub granularity: u64,
    /// The number of bytes in dirty ranges.
    pub count: u64,
    /// Whether writes are recorded.
    pub recording: bool,
    /// Whether a job or an export uses the bitmap.
    pub busy: bool,
    /// Whether the bitmap is stored in the image when the image is closed.
    pub persistent: bool,
    /// Whether the bits are not valid.
    pub inconsistent: bool,
}

/// What an operation requires of a bitmap that is not busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Requirement {
    /// The bits are valid.
    Consistent,
    /// The bitmap may be modified.
    Modifiable,
    /// The bits are valid, and may be modified.
    ConsistentAndModifiable,
}

/// The dirty ranges of a node since a point in time.
#[derive(Debug)]
pub(crate) struct Bitmap {
    /// Unique among the bitmaps of a node.
    pub(super) id: u64,
    pub(crate) name: String,
    /// The number of bytes for which a bit stands: a power of two.
    pub(crate) granularity: u64,
    /// The size of the node in bytes.
    pub(super) size: u64,
    pub(crate) bits: Bits,
    /// Whether writes are recorded.
    pub(crate) enabled: bool,
    /// Whether a job or an export uses the bitmap.
    pub(super) busy: bool,
    /// The bits of writes since the beginning of a backup that uses the bitmap.
    pub(super) successor: Option<Bits>,
    pub(crate) persistent: bool,
    /// Whether the bitmap is from an image that is open read-only.
    pub(crate) read_only: bool,
    pub(crate) inconsistent: bool,
    /// Whether the bits or their number have changed since they were loaded or stored.
    pub(crate) is_changed: bool,
}

/// A copy of a persistent bitmap, to be stored.
#[derive(Debug)]
pub(crate) struct StoredBitmap {
    pub(crate) name: String,
    pub(crate) granularity: u64,
    /// The bits, with those of the writes since the beginning of a backup.
    pub(crate) bits: Bits,
    /// The number of bits.
    pub(crate) length: u64,
    pub(crate) enabled: bool,
    /// Whether the bits or their number have changed since they were loaded or stored.
    pub(crate) is_changed: bool,
}

impl Bitmap {
    /// A clean bitmap that records writes.
    pub(crate) fn new(name: String, granularity: u64, size: u64) -> Self {
        Bitmap {
            id: 0,
            name,
            granularity,
            size,
            bits: Bits::default(),
            enabled: true,
            busy: false,
            successor: None,
            persistent: false,
            read_only: false,
            inconsistent: false,
            is_changed: true,
        }
    }

    /// The number of bits.
    pub(crate) fn length(&self) -> u64 {
        self.size.div_ceil(self.granularity)
    }

    /// The memory of the bits in bytes.
    pub(super) fn memory(&self) -> u64 {
        self.bits.memory() + self.successor.as_ref().map_or(0, Bits::memory)
    }

    /// Refuses an operation as QEMU does.
    pub(super) fn check(&self, requirement: Requirement) -> Result<()> {
        let name = || self.name.clone();
        if self.busy {
            return Err(Error::BitmapBusy(name()));
        }
        if self.read_only && requirement != Requirement::Consistent {
            return Err(Error::BitmapReadOnly(name()));
        }
        if self.inconsistent && requirement != Requirement::Modifiable {
            return Err(Error::BitmapInconsistent(name()));
        }
        Ok(())
    }

    /// Records a write of a range of bytes.
    pub(super) fn record(&mut self, range: &Range<u64>) {
        if !self.enabled {
            return;
        }
        let bits = self.bits_of(range);
        match &mut self.successor {
            Some(successor) => drop(successor.set(bits)),
            None => self.is_changed |= self.bits.set(bits),
        }
    }

    /// Marks a range of bytes.
    pub(super) fn mark(&mut self, range: &Range<u64>) {
        let bits = self.bits_of(range);
        self.is_changed |= self.bits.set(bits);
    }

    /// The bits of a range of bytes.
    fn bits_of(&self, range: &Range<u64>) -> Range<u64> {
        let end = range.end.min(self.size).div_ceil(self.granularity);
        (range.start / self.granularity).min(end)..end
    }

    /// The dirty ranges in bytes.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        let bytes = |bits: Range<u64>| {
            bits.start * self.granularity..(bits.end * self.granularity).min(self.size)
        };
        self.bits.ranges(self.length()).map(bytes)
    }

    /// Whether the byte at `offset` is dirty, and the number of bytes to which this applies: at
    /// least one, and at most `length`.
    pub(super) fn status(&self, offset: u64, length: u64) -> (bool, u64) {
        let (first, end) =
            (offset / self.granularity, (offset + length).div_ceil(self.granularity));
        let is_dirty = self.bits.next_set(first, end) == Some(first);
        let next = if is_dirty {
            self.bits.next_clear(first, end)
        } else {
            self.bits.next_set(first, end)
        };
        let stop = next.map_or(u64::MAX, |bit| bit * self.granularity);
        (is_dirty, stop.saturating_sub(offset).min(length))
    }

    /// Follows a change of the size of the node.
    pub(super) fn resize(&mut self, size: u64) {
        let before = self.length();
        self.size = size;
        let length = self.length();
        if length == before || self.inconsistent {
            return;
        }
        self.is_changed = true;
        self.bits.truncate(length);
        if let Some(successor) = &mut self.successor {
            successor.truncate(length);
        }
    }

    /// Adds the bits of writes since the beginning of a backup, if there are any.
    pub(super) fn reclaim_successor(&mut self) {
        let Some(successor) = self.successor.take() else { return };
        for bits in successor.ranges(self.length()) {
            self.is_changed |= self.bits.set(bits);
        }
    }

    pub(super) fn to_store(&self) -> StoredBitmap {
        let mut bits = self.bits.clone();
        for range in self.successor.iter().flat_map(|since| since.ranges(self.length())) {
            bits.set(range);
        }
        StoredBitmap {
            name: self.name.clone(),
            granularity: self.granularity,
            bits,
            length: self.length(),
            enabled: self.enabled,
            is_changed: self.is_changed || self.successor.is_some(),
        }
    }

    /// Gives up the bits.
    pub(super) fn give_up(&mut self) {
        self.inconsistent = true;
        self.enabled = false;
        self.bits = Bits::default();
        self.successor = self.successor.take().map(|_| Bits::default());
    }

    /// What clients see of the bitmap: an entry, and another one of the writes since the beginning
    /// of a backup.
    pub(super) fn infos(&self) -> impl Iterator<Item = DirtyBitmapInfo> {
        let named = DirtyBitmapInfo {
            name: Some(self.name.clone()),
            granularity: self.granularity,
            count: self.bits.count() * self.granularity,
            recording: self.enabled,
            busy: self.busy,
            persistent: self.persistent,
            inconsistent: self.inconsistent,
        };
        let since = self.successor.as_ref().map(|successor| DirtyBitmapInfo {
            name: None,
            count: successor.count() * self.granularity,
            busy: false,
            persistent: false,
            ..named.clone()
        });
        since.into_iter().chain([named])
    }
}
