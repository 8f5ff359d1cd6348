//! Entries of L2 tables.

use super::geometry::{Geometry, SUBCLUSTERS};
use crate::image::extent::SECTOR_SIZE;
use crate::image::storage::ZeroMode;

/// The flag of an entry whose cluster has no other reference.
pub(crate) const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;
/// The bits of an entry with an offset.
pub(crate) const OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;
/// The flag of an entry whose cluster reads as zeroes. Extended L2 entries use the bitmap
/// instead.
const ZERO: u64 = 1;

/// An entry of an L2 table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) word: u64,
    /// The bitmap of an extended L2 entry. A bit of the lower half marks a subcluster as
    /// allocated. A bit of the upper half marks a subcluster that reads as zeroes.
    pub(crate) bitmap: u64,
}

/// The position of compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compressed {
    pub(crate) offset: u64,
    /// The length in bytes up to the end of a sector, which is an upper bound.
    pub(crate) length: u64,
}

/// The type of a subcluster, or of a whole cluster without subclusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubclusterType {
    /// Not allocated: the contents are those of the backing file.
    Unallocated,
    /// Reads as zeroes.
    Zero,
    /// Data in the cluster of the entry.
    Data,
    /// A part of a compressed cluster.
    Compressed(Compressed),
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryFault {
    /// The cluster is not aligned.
    Unaligned,
    /// The bitmap of subclusters contradicts itself or the offset.
    Invalid,
    /// The cluster has another offset in the external data file than in the image.
    Displaced,
    /// The cluster is compressed, although the image has an external data file.
    Compressed,
    /// The entry has the flag for zeroes, which version 2 does not have.
    Zero,
}

impl Entry {
    /// The entry of a cluster at an offset with data in all subclusters.
    pub(crate) fn data(geometry: &Geometry, host: u64) -> Self {
        let bitmap = if geometry.extended_l2 { u64::from(u32::MAX) } else { 0 };
        Entry { word: host | COPIED, bitmap }
    }

    /// The entry of a compressed cluster.
    pub(crate) fn compressed(geometry: &Geometry, place: Compressed) -> Self {
        let first = place.offset / SECTOR_SIZE;
        let sectors = (place.offset + place.length - 1) / SECTOR_SIZE - first;
        let word = COMPRESSED | sectors << geometry.compressed_shift() | place.offset;
        Entry { word, bitmap: 0 }
    }

    pub(crate) fn is_compressed(self) -> bool {
        self.word & COMPRESSED != 0
    }

    pub(crate) fn as_compressed(self, geometry: &Geometry) -> Option<Compressed> {
        if !self.is_compressed() {
            return None;
        }
        let shift = geometry.compressed_shift();
        let offset = self.word & ((1 << shift) - 1);
        let more = (self.word & (COMPRESSED - 1)) >> shift;
        let length = (more + 1) * SECTOR_SIZE - offset % SECTOR_SIZE;
        Some(Compressed { offset, length })
    }

    /// The offset in an uncompressed entry.
    pub(crate) fn offset(self) -> u64 {
        self.word & OFFSET_MASK
    }

    /// Whether the entry has the flag for zeroes.
    pub(crate) fn has_zero_flag(self) -> bool {
        self.word & ZERO != 0
    }

    /// What is wrong with the entry, regardless of its place in the table.
    pub(crate) fn fault(self, geometry: &Geometry) -> Option<EntryFault> {
        if self.is_compressed() {
            return geometry.data_file.then_some(EntryFault::Compressed);
        }
        let low = self.bitmap & u64::from(u32::MAX);
        if low & (self.bitmap >> SUBCLUSTERS) != 0 || (low != 0 && self.host(geometry).is_none())
        {
            return Some(EntryFault::Invalid);
        }
        let is_aligned = self.offset().is_multiple_of(geometry.cluster_size());
        (!is_aligned).then_some(EntryFault::Unaligned)
    }

    /// What is wrong with the entry for an offset in the image.
    pub(crate) fn fault_at(self, geometry: &Geometry, offset: u64) -> Option<EntryFault> {
        // In an external data file, all clusters have the offsets that they have in the image.
        let is_displaced = || {
            let base = offset - offset % geometry.cluster_size();
            geometry.data_file && self.host(geometry).is_some_and(|host| host != base)
        };
        self.fault(geometry).or_else(|| is_displaced().then_some(EntryFault::Displaced))
    }

    /// What is wrong with the entry for a read at an offset in the image. A write of the whole
    /// cluster replaces an entry with a flag for zeroes, also in an image of version 2.
    pub(crate) fn fault_of_read(self, geometry: &Geometry, offset: u64) -> Option<EntryFault> {
        let is_zero = !self.is_compressed() && self.has_zero_flag();
        if is_zero && geometry.version < 3 {
            return Some(EntryFault::Zero);
        }
        self.fault_at(geometry, offset)
    }

    /// What is wrong with the entry for a write at an offset in the image. A cluster that the write
    /// moves may lie anywhere.
    pub(crate) fn fault_of_write(self, geometry: &Geometry, offset: u64) -> Option<EntryFault> {
        self.fault_at(geometry, offset).filter(|fault| match fault {
            EntryFault::Unaligned | EntryFault::Displaced => self.is_copied(),
            EntryFault::Compressed => false,
            EntryFault::Invalid | EntryFault::Zero => true,
        })
    }

    /// The offset of the cluster of the entry, unless it is compressed.
    pub(crate) fn host(self, geometry: &Geometry) -> Option<u64> {
        if self.is_compressed() {
            return None;
        }
        let host = self.offset();
        // Offset 0 is a valid position of data in an external data file.
        let is_zero = !geometry.extended_l2 && self.has_zero_flag();
        let is_first = geometry.data_file && self.word & COPIED != 0 && !is_zero;
        (host != 0 || is_first).then_some(host)
    }

    /// Whether the cluster of the entry may be written in place.
    pub(crate) fn is_copied(self) -> bool {
        self.word & COPIED != 0
    }

    /// The type of a subcluster of a valid entry.
    pub(crate) fn kind(self, geometry: &Geometry, number: u64) -> SubclusterType {
        if let Some(compressed) = self.as_compressed(geometry) {
            return SubclusterType::Compressed(compressed);
        }
        let (allocated, zero) = if geometry.extended_l2 {
            (self.bitmap >> number & 1 != 0, self.bitmap >> (number + SUBCLUSTERS) & 1 != 0)
        } else {
            (self.host(geometry).is_some(), self.has_zero_flag())
        };
        match (allocated, zero) {
            (_, true) => SubclusterType::Zero,
            (true, false) => SubclusterType::Data,
            (false, false) => SubclusterType::Unallocated,
        }
    }

    /// The same entry with data in the subclusters `parts`.
    pub(crate) fn with_data(self, geometry: &Geometry, host: u64, parts: u64) -> Self {
        let word = host | COPIED;
        let bitmap = if geometry.extended_l2 {
            (self.bitmap | parts) & !(parts << SUBCLUSTERS)
        } else {
            0
        };
        Entry { word, bitmap }
    }

    /// The same entry with zeroes in the subclusters `parts`. An uncompressed cluster without other
    /// references stays allocated for later writes, unless the mode lets all of it go.
    pub(crate) fn with_zeroes(self, geometry: &Geometry, parts: u64, mode: ZeroMode) -> Self {
        let stays = self.is_copied() && !self.is_compressed() && mode == ZeroMode::Allocated;
        let word = if stays || parts != geometry.all_subclusters() { self.word } else { 0 };
        if geometry.extended_l2 {
            let bitmap = (self.bitmap & !parts) | parts << SUBCLUSTERS;
            Entry { word, bitmap }
        } else {
            Entry { word: word | ZERO, bitmap: 0 }
        }
    }

    /// Whether all of the cluster of a valid entry reads as zeroes.
    pub(crate) fn reads_as_zeroes(self, geometry: &Geometry) -> bool {
        match geometry.extended_l2 {
            true => self.bitmap >> SUBCLUSTERS == geometry.all_subclusters(),
            false => !self.is_compressed() && self.has_zero_flag(),
        }
    }

    /// The entry of the same cluster after a discard. As in QEMU, it reads as zeroes. Version 2 has
    /// no such entry. Without a backing file, a cluster that is not allocated stays as it is.
    pub(crate) fn discarded(self, geometry: &Geometry, has_backing: bool) -> Self {
        let is_allocated = self.is_compressed() || self.host(geometry).is_some();
        match has_backing || is_allocated {
            false => self,
            true if geometry.extended_l2 => {
                Entry { word: 0, bitmap: geometry.all_subclusters() << SUBCLUSTERS }
            }
            true if geometry.version < 3 => Entry::default(),
            true => Entry { word: ZERO, bitmap: 0 },
        }
    }

    pub(crate) fn parse(geometry: &Geometry, bytes: &[u8]) -> Self {
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
        let (first, rest) = bytes.split_at(8);
        Entry { word: word(first), bitmap: if geometry.extended_l2 { word(rest) } else { 0 } }
    }

    pub(crate) fn push(self, geometry: &Geometry, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.word.to_be_bytes());
        if geometry.extended_l2 {
            bytes.extend_from_slice(&self.bitmap.to_be_bytes());
        }
    }
}
