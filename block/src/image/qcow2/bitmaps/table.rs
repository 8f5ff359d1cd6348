//! Bitmap tables: the clusters with the bits of a bitmap.

use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::ops::Range;

use rustix::io::Errno;

use super::directory::DirectoryEntry;
use crate::error::{Error, Result};
use crate::image::memory::zeroed;
use crate::image::storage::Storage;

/// The bits of a table entry with the offset of a cluster.
const OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;
/// The flag of an entry without a cluster whose bits are all set.
const ALL_ONES: u64 = 1;
/// The number of bytes of bitmaps that are read even if the image file is smaller.
const BUDGET_MIN: u64 = 64 << 20;
/// The number of table entries that are read at once.
const CHUNK: u32 = 8192;

/// The contents of a bitmap cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BitmapCluster {
    /// All bits are clear.
    Zeroes,
    /// All bits are set.
    Ones,
    /// The bits are in the cluster at this offset.
    Data(u64),
}

impl BitmapCluster {
    fn parse(entry: u64, cluster_size: u64) -> io::Result<Self> {
        let offset = entry & OFFSET_MASK;
        let reserved = entry & !(OFFSET_MASK | ALL_ONES);
        match (offset, entry & ALL_ONES != 0) {
            _ if reserved != 0 => Err(Errno::INVAL.into()),
            (0, false) => Ok(BitmapCluster::Zeroes),
            (0, true) => Ok(BitmapCluster::Ones),
            (_, false) if offset.is_multiple_of(cluster_size) => Ok(BitmapCluster::Data(offset)),
            (_, _) => Err(Errno::INVAL.into()),
        }
    }

    /// The entry.
    fn word(self) -> u64 {
        match self {
            BitmapCluster::Zeroes => 0,
            BitmapCluster::Ones => ALL_ONES,
            BitmapCluster::Data(offset) => offset,
        }
    }
}

/// Calls `work` with the number and the contents of each cluster of a bitmap.
///
/// # Errors
/// [`Errno::INVAL`] for an invalid entry; those of the storage and of `work`.
pub(crate) fn for_each_cluster(
    storage: &Storage,
    entry: &DirectoryEntry,
    cluster_size: u64,
    mut work: impl FnMut(u64, BitmapCluster) -> io::Result<()>,
) -> io::Result<()> {
    let mut first = 0;
    while first < entry.table_entries {
        let number = CHUNK.min(entry.table_entries - first);
        let mut bytes = zeroed(number as usize * 8)?;
        storage.read(entry.table_offset + u64::from(first) * 8, &mut bytes)?;
        for (index, word) in bytes.chunks_exact(8).enumerate() {
            let word = word.try_into().map_or(0, u64::from_be_bytes);
            let cluster = BitmapCluster::parse(word, cluster_size)?;
            work(u64::from(first) + index as u64, cluster)?;
        }
        first += number;
    }
    Ok(())
}

/// How many bytes of bitmaps are read at most, so that the time is bounded although tables may
/// share clusters.
#[derive(Debug)]
pub(super) struct ReadBudget(u64);

impl ReadBudget {
    /// The size of the image file, which contains each cluster once in a sound image.
    pub(super) fn new(storage: &Storage) -> io::Result<Self> {
        Ok(ReadBudget(storage.size()?.max(BUDGET_MIN)))
    }

    fn take(&mut self, bytes: u64) -> io::Result<()> {
        self.0 = self.0.checked_sub(bytes).ok_or(Errno::FBIG)?;
        Ok(())
    }
}

/// A digest of the entries of a bitmap table and of the clusters with bits, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest(u64);

impl Digest {
    /// Adds bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher.write(bytes);
        self.0 = hasher.finish();
    }
}

/// The table of a bitmap that has been written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// The offset in the file.
    pub(super) offset: u64,
    /// The number of entries.
    pub(super) entries: u32,
    /// The digest of the table and its clusters.
    pub(super) digest: Digest,
}

/// Reads a bitmap with `length` bits, and calls `found` with its parts. Returns the digest.
///
/// # Errors
/// [`Error::While`] with QEMU's texts, or with the error of `found`.
pub(super) fn read(
    storage: &Storage,
    entry: &DirectoryEntry,
    (cluster_size, length): (u64, u64),
    budget: &mut ReadBudget,
    found: &mut dyn FnMut(FoundBits<'_>) -> io::Result<()>,
) -> Result<Digest> {
    check(storage, entry, cluster_size, budget)?;
    let failed = |source| {
        let what = format!("Could not read bitmap '{}' from image", entry.name());
        Error::While { what, source }
    };
    if u64::from(entry.table_entries) != table_entries(length, cluster_size) {
        return Err(failed(Errno::INVAL.into()));
    }
    let mut bytes = zeroed(cluster_size as usize)?;
    let mut digest = Digest::default();
    let read = for_each_cluster(storage, entry, cluster_size, |number, cluster| {
        let start = number * cluster_size;
        digest.add(&cluster.word().to_be_bytes());
        match cluster {
            BitmapCluster::Zeroes => {}
            BitmapCluster::Ones => {
                let end = length.min((start + cluster_size) * 8);
                found(FoundBits::Ones(start * 8..end.max(start * 8)))?;
            }
            BitmapCluster::Data(offset) => {
                budget.take(cluster_size)?;
                storage.read(offset, &mut bytes)?;
                digest.add(&bytes);
                found(FoundBits::Data { start, bytes: &mut bytes })?;
            }
        }
        Ok(())
    });
    read.map_err(failed)?;
    Ok(digest)
}

/// A part of a bitmap.
pub(super) enum FoundBits<'a> {
    /// Bits that are all set.
    Ones(Range<u64>),
    /// The bytes from the byte `start` of the bitmap on.
    Data { start: u64, bytes: &'a mut [u8] },
}

/// Checks the entries of a table.
fn check(
    storage: &Storage,
    entry: &DirectoryEntry,
    cluster_size: u64,
    budget: &mut ReadBudget,
) -> Result<()> {
    let checked = budget
        .take(u64::from(entry.table_entries) * 8)
        .and_then(|()| for_each_cluster(storage, entry, cluster_size, |_, _| Ok(())));
    checked.map_err(|source| {
        let what =
            format!("Could not read bitmap_table table from image for bitmap '{}'", entry.name());
        Error::While { what, source }
    })
}

/// The number of table entries of a bitmap with `length` bits. Words of 64 bits are stored.
pub(super) fn table_entries(length: u64, cluster_size: u64) -> u64 {
    (length.div_ceil(64) * 8).div_ceil(cluster_size)
}
