//! Bitmap tables: the clusters with the bits of a bitmap.

use std::io;

use rustix::io::Errno;

use super::bits::Bits;
use super::directory::DirectoryEntry;
use crate::error::{Error, Result};
use crate::image::storage::Storage;

/// The bits of a table entry with the offset of a cluster.
const OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;
/// The flag of an entry without a cluster whose bits are all set.
const ALL_ONES: u64 = 1;
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
        let mut bytes = vec![0; number as usize * 8];
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

/// Reads the bits of a bitmap with `length` bits.
///
/// # Errors
/// [`Error::While`] with QEMU's texts.
pub(super) fn load(
    storage: &Storage,
    entry: &DirectoryEntry,
    cluster_size: u64,
    length: u64,
) -> Result<Bits> {
    check(storage, entry, cluster_size)?;
    let failed = |source| {
        let what = format!("Could not read bitmap '{}' from image", entry.name());
        Error::While { what, source }
    };
    if u64::from(entry.table_entries) != table_entries(length, cluster_size) {
        return Err(failed(Errno::INVAL.into()));
    }
    let mut bits = Bits::default();
    let mut bytes = vec![0; cluster_size as usize];
    for_each_cluster(storage, entry, cluster_size, |number, cluster| {
        let start = number * cluster_size;
        match cluster {
            BitmapCluster::Zeroes => {}
            BitmapCluster::Ones => {
                bits.set(start * 8, length.min((start + cluster_size) * 8));
            }
            BitmapCluster::Data(offset) => {
                storage.read(offset, &mut bytes)?;
                bits.load(start, &bytes, length);
            }
        }
        Ok(())
    })
    .map_err(failed)?;
    Ok(bits)
}

/// Checks the entries of a table.
fn check(storage: &Storage, entry: &DirectoryEntry, cluster_size: u64) -> Result<()> {
    for_each_cluster(storage, entry, cluster_size, |_, _| Ok(())).map_err(|source| {
        let what =
            format!("Could not read bitmap_table table from image for bitmap '{}'", entry.name());
        Error::While { what, source }
    })
}

/// The number of table entries of a bitmap with `length` bits. Words of 64 bits are stored.
pub(super) fn table_entries(length: u64, cluster_size: u64) -> u64 {
    (length.div_ceil(64) * 8).div_ceil(cluster_size)
}
