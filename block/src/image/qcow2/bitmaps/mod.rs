//! Persistent dirty bitmaps.
//!
//! A bitmap records which ranges of an image were written, for incremental backups by other
//! programs. The bitmaps of a writable image are in memory. In the image, they are marked as in
//! use from the opening until they are stored at the closing. If the program dies in between, other
//! programs therefore see that the bitmaps are inconsistent.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), section "Bitmaps".

mod bits;
pub(crate) mod directory;
mod store;
pub(crate) mod table;

use rustix::io::Errno;

use super::clusters::Clusters;
use super::header::Header;
use super::header::extensions::BitmapsExtension;
use super::header::fields::invalid;
use crate::error::{Error, Result};
use crate::image::permissions::AccessMode;
use crate::image::storage::Storage;
use bits::Bits;
use directory::{DirectoryEntry, IN_USE};
use table::{Digest, FoundBits, ReadBudget};

/// The largest memory that the bits of an image that is open for writing take, in bytes.
const MEMORY_MAX: u64 = 64 << 20;
/// The largest size of the bits of one bitmap in bytes: QEMU's limit.
const BYTES_MAX: u64 = 0x2000_0000;

/// A persistent bitmap: the members of `BlockDirtyInfo` that the image determines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BitmapInfo {
    /// The name.
    pub name: String,
    /// The number of bytes for which a bit stands.
    pub granularity: u64,
    /// The number of bytes in dirty ranges.
    pub count: u64,
    /// Whether writes are recorded when the image is open: the flag `auto`.
    pub auto: bool,
    /// Whether the bitmap is marked as in use in the image.
    pub in_use: bool,
    /// Whether the bits are not valid, as a program did not store them.
    pub inconsistent: bool,
}

/// The bitmaps of an open image.
#[derive(Debug, Default)]
pub(super) struct Bitmaps {
    list: Vec<Bitmap>,
    cluster_size: u64,
    /// The size of the image in bytes.
    size: u64,
    /// Whether the image may have changed since the bitmaps were loaded or stored.
    is_written: bool,
}

/// A bitmap of an open image.
#[derive(Debug)]
struct Bitmap {
    entry: DirectoryEntry,
    contents: Contents,
    /// The digest of the clusters of the bitmap in the image. Meaningless unless the bits are
    /// loaded.
    digest: Digest,
}

/// What is known of the bits of a bitmap.
#[derive(Debug)]
enum Contents {
    /// The bits are not valid.
    Inconsistent,
    /// The number of set bits. The image is open read-only.
    Counted(u64),
    /// All bits.
    Loaded(Bits),
}

impl Contents {
    fn is_consistent(&self) -> bool {
        !matches!(self, Contents::Inconsistent)
    }

    /// The number of set bits.
    fn count(&self) -> u64 {
        match self {
            Contents::Inconsistent => 0,
            Contents::Counted(count) => *count,
            Contents::Loaded(bits) => bits.count(),
        }
    }

    fn bits(&mut self) -> Option<&mut Bits> {
        match self {
            Contents::Loaded(bits) => Some(bits),
            Contents::Counted(_) | Contents::Inconsistent => None,
        }
    }

    fn memory(&self) -> u64 {
        match self {
            Contents::Loaded(bits) => bits.memory(),
            Contents::Counted(_) | Contents::Inconsistent => 0,
        }
    }
}

impl Bitmap {
    /// The number of bits for an image of `size` bytes.
    fn length(&self, size: u64) -> u64 {
        size.div_ceil(self.entry.granularity())
    }

    fn info(&self) -> BitmapInfo {
        let granularity = self.entry.granularity();
        BitmapInfo {
            name: self.entry.name().to_owned(),
            granularity,
            count: self.contents.count() * granularity,
            auto: self.entry.is_auto(),
            in_use: self.entry.is_in_use(),
            inconsistent: !self.contents.is_consistent(),
        }
    }
}

impl Bitmaps {
    /// Reads the bitmaps of an image. Only the set bits are counted if it is open read-only.
    ///
    /// # Errors
    /// [`Error::InvalidImage`] for invalid bitmaps, or for bits that take more than 64 MiB of
    /// memory; or those of the storage.
    pub(super) fn load(storage: &Storage, header: &Header, mode: AccessMode) -> Result<Self> {
        let (cluster_size, size) = (header.cluster_size(), header.size());
        let mut bitmaps = Bitmaps { list: Vec::new(), cluster_size, size, is_written: false };
        let BitmapsExtension::Present(directory) = header.bitmaps() else { return Ok(bitmaps) };
        for entry in directory::read(storage, directory, cluster_size, size)? {
            let (contents, digest) = (Contents::Inconsistent, Digest::default());
            bitmaps.list.push(Bitmap { entry, contents, digest });
        }
        bitmaps.check_size(size)?;
        let mut budget = ReadBudget::new(storage)?;
        let mut memory = 0;
        for bitmap in bitmaps.list.iter_mut().filter(|bitmap| !bitmap.entry.is_in_use()) {
            let shape = (cluster_size, bitmap.length(size));
            bitmap.contents = match mode {
                AccessMode::ReadOnly => {
                    Contents::Counted(count(storage, &bitmap.entry, shape, &mut budget)?)
                }
                AccessMode::ReadWrite => {
                    let left = MEMORY_MAX.saturating_sub(memory);
                    let (bits, digest) = load(storage, &bitmap.entry, shape, &mut budget, left)?;
                    memory += bits.memory();
                    bitmap.digest = digest;
                    Contents::Loaded(bits)
                }
            };
        }
        Ok(bitmaps)
    }

    /// Refuses bitmaps that are too large for an image of this size.
    pub(super) fn check_size(&self, size: u64) -> Result<()> {
        let usable = self.list.iter().filter(|bitmap| !bitmap.entry.is_in_use());
        for bitmap in usable {
            let bytes = bitmap.length(size).div_ceil(8);
            if bytes > BYTES_MAX {
                return Err(too_large(bytes, BYTES_MAX));
            }
        }
        Ok(())
    }

    /// Gives up the largest bitmap if the bits take too much memory. It stays marked as in use in
    /// the image, so that other programs see that it is inconsistent.
    fn limit_memory(&mut self) {
        let memory: u64 = self.list.iter().map(|bitmap| bitmap.contents.memory()).sum();
        if memory <= MEMORY_MAX {
            return;
        }
        if let Some(largest) = self.list.iter_mut().max_by_key(|bitmap| bitmap.contents.memory())
        {
            tracing::error!(bitmap = largest.entry.name(), "too many dirty ranges for a bitmap");
            largest.contents = Contents::Inconsistent;
        }
    }

    /// The bitmaps in the order of the image.
    pub(super) fn infos(&self) -> Vec<BitmapInfo> {
        self.list.iter().map(Bitmap::info).collect()
    }

    /// Marks the consistent bitmaps as in use in the image, before the first write.
    ///
    /// # Errors
    /// [`Error::While`] if the directory cannot be written, or overlaps with other metadata.
    pub(super) fn mark_in_use(&mut self, clusters: &Clusters) -> Result<()> {
        let cannot =
            |source| Error::While { what: "Can't update bitmap directory".into(), source };
        let consistent = |bitmap: &&mut Bitmap| bitmap.contents.is_consistent();
        for bitmap in self.list.iter_mut().filter(consistent) {
            let flags = bitmap.entry.flags() | IN_USE;
            bitmap.entry.write_flags(clusters, flags).map_err(cannot)?;
        }
        Ok(())
    }

    /// Whether the image has consistent bitmaps.
    pub(super) fn has_consistent(&self) -> bool {
        self.list.iter().any(|bitmap| bitmap.contents.is_consistent())
    }

    /// Lets the bitmaps be stored anew, as the image is about to be written.
    pub(super) fn mark_written(&mut self) {
        self.is_written = true;
    }

    /// Records a write.
    pub(super) fn record(&mut self, offset: u64, length: u64) {
        if length == 0 {
            return;
        }
        self.mark_written();
        for bitmap in self.list.iter_mut().filter(|bitmap| bitmap.entry.is_auto()) {
            let granularity = bitmap.entry.granularity();
            let Some(bits) = bitmap.contents.bits() else { continue };
            let end = (offset + length - 1) / granularity + 1;
            bits.set(offset / granularity, end);
        }
        self.limit_memory();
    }

    /// Follows a change of the size of the image.
    pub(super) fn resize(&mut self, size: u64) {
        for bitmap in &mut self.list {
            let (old, new) = (bitmap.length(self.size), bitmap.length(size));
            if let Some(bits) = bitmap.contents.bits().filter(|_| new < old) {
                bits.truncate(new);
            }
        }
        self.size = size;
    }
}

/// The number of set bits of a bitmap of the image. `shape` is the cluster size and the number of
/// bits.
fn count(
    storage: &Storage,
    entry: &DirectoryEntry,
    shape: (u64, u64),
    budget: &mut ReadBudget,
) -> Result<u64> {
    let (_, length) = shape;
    let mut count = 0;
    table::read(storage, entry, shape, budget, &mut |found| {
        count += match found {
            FoundBits::Ones(range) => range.end - range.start,
            FoundBits::Data { start, bytes } => {
                let inside = length.saturating_sub(start * 8).min(bytes.len() as u64 * 8);
                let (whole, rest) = bytes.split_at((inside / 8) as usize);
                let last = rest.first().copied().unwrap_or(0) & ((1 << (inside % 8)) - 1);
                bits::count_ones(whole) + u64::from(last.count_ones())
            }
        };
        Ok(())
    })?;
    Ok(count)
}

/// The bits of a bitmap of the image, in at most `memory` bytes, and the digest of its clusters.
/// `shape` is the cluster size and the number of bits.
fn load(
    storage: &Storage,
    entry: &DirectoryEntry,
    shape: (u64, u64),
    budget: &mut ReadBudget,
    memory: u64,
) -> Result<(Bits, Digest)> {
    let (_, length) = shape;
    let mut bits = Bits::default();
    let mut is_too_large = false;
    let read = table::read(storage, entry, shape, budget, &mut |found| {
        match found {
            FoundBits::Ones(range) => drop(bits.set(range.start, range.end)),
            FoundBits::Data { start, bytes } => bits.load(start, bytes, length),
        }
        is_too_large = bits.memory() > memory;
        if is_too_large { Err(Errno::FBIG.into()) } else { Ok(()) }
    });
    if is_too_large {
        return Err(too_large(length.div_ceil(8), MEMORY_MAX));
    }
    Ok((bits, read?))
}

fn too_large(bytes: u64, most: u64) -> Error {
    invalid(format!("Bitmaps of {bytes} bytes exceed the maximum supported size ({most})"))
}
