//! Persistent dirty bitmaps.
//!
//! A bitmap records which ranges of an image were written, for incremental backups. The bitmaps of
//! an open image are in memory, among the [dirty bitmaps](DirtyBitmaps) of its node. In a writable
//! image, they are marked as in use from the opening until they are stored at the closing. If the
//! program dies in between, other programs therefore see that the bitmaps are inconsistent.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), section "Bitmaps".

pub(crate) mod directory;
mod load;
pub(super) mod store;
pub(crate) mod table;

use std::ops::Range;

use rustix::io::Errno;

use super::clusters::Clusters;
use super::header::Header;
use super::header::extensions::{BITMAP_DIRECTORY_MAX, BitmapsExtension};
use super::header::fields::invalid;
use crate::error::{Error, Result};
use crate::image::dirty_bitmaps::bitmap::Bitmap;
use crate::image::dirty_bitmaps::{BITMAPS_MAX, DirtyBitmaps, MEMORY_MAX, NAME_MAX};
use crate::image::storage::Storage;
use directory::{BYTES_MAX, DirectoryEntry, IN_USE, TABLE_ENTRIES_MAX, entry_length};
use table::ReadBudget;

/// A persistent bitmap, as the directory of its image describes it: `Qcow2BitmapInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredBitmapInfo {
    /// The name.
    pub name: String,
    /// The number of bytes for which a bit stands.
    pub granularity: u64,
    /// Whether writes are recorded when the image is open: the flag `auto`.
    pub auto: bool,
    /// Whether the bitmap is marked as in use in the image.
    pub in_use: bool,
}

/// The bitmap directory of an open image.
#[derive(Debug)]
pub(super) struct Bitmaps {
    entries: Vec<DirectoryEntry>,
    /// The position of the directory in the file; empty without a directory.
    range: Range<u64>,
    cluster_size: u64,
}

impl Bitmaps {
    /// Reads the directory of an image whose size is `size`.
    ///
    /// # Errors
    /// [`Error::InvalidImage`] for an invalid directory, or for bitmaps that are too large; or
    /// those of the storage.
    pub(super) fn read(storage: &Storage, header: &Header) -> Result<Self> {
        let (cluster_size, size) = (header.cluster_size(), header.size());
        let mut bitmaps = Bitmaps { entries: Vec::new(), range: 0..0, cluster_size };
        let BitmapsExtension::Present(directory) = header.bitmaps() else { return Ok(bitmaps) };
        bitmaps.range = directory.range.clone();
        bitmaps.entries = directory::read(storage, directory, cluster_size, size)?;
        bitmaps.check_size(size)?;
        Ok(bitmaps)
    }

    /// Reads the bits of the bitmaps of an image of `size` bytes.
    ///
    /// # Errors
    /// [`Error::InvalidImage`] for invalid bitmaps, or for bits that take more than 64 MiB of
    /// memory; or those of the storage.
    pub(super) fn load(&mut self, storage: &Storage, size: u64) -> Result<Vec<Bitmap>> {
        let mut budget = ReadBudget::new(storage)?;
        let (cluster_size, mut memory) = (self.cluster_size, 0);
        let load = |entry: &mut DirectoryEntry| {
            let mut bitmap = Bitmap::new(entry.name().to_owned(), entry.granularity(), size);
            bitmap.persistent = true;
            bitmap.is_changed = false;
            bitmap.inconsistent = entry.is_in_use();
            bitmap.enabled = entry.is_auto() && !bitmap.inconsistent;
            if !bitmap.inconsistent {
                let shape = (cluster_size, bitmap.length());
                let left = MEMORY_MAX.saturating_sub(memory);
                let (bits, digest) = load::bits(storage, entry, shape, &mut budget, left)?;
                bitmap.bits = bits;
                entry.digest = Some(digest);
                memory += bitmap.bits.memory();
            }
            Ok(bitmap)
        };
        self.entries.iter_mut().map(load).collect()
    }

    /// Refuses bitmaps that are too large for an image of this size.
    pub(super) fn check_size(&self, size: u64) -> Result<()> {
        let usable = self.entries.iter().filter(|entry| !entry.is_in_use());
        for entry in usable {
            let bytes = size.div_ceil(entry.granularity()).div_ceil(8);
            if bytes > BYTES_MAX {
                return Err(too_large(bytes, BYTES_MAX));
            }
        }
        Ok(())
    }

    /// The bitmaps in the order of the image.
    pub(super) fn infos(&self) -> Vec<StoredBitmapInfo> {
        let info = |entry: &DirectoryEntry| StoredBitmapInfo {
            name: entry.name().to_owned(),
            granularity: entry.granularity(),
            auto: entry.is_auto(),
            in_use: entry.is_in_use(),
        };
        self.entries.iter().map(info).collect()
    }

    /// Marks the consistent bitmaps as in use in the image, before the first write. The marks are
    /// on the disk then, unless `no_flush` is set.
    ///
    /// # Errors
    /// [`Error::While`] if the directory cannot be written, or overlaps with other metadata.
    pub(super) fn mark_in_use(&mut self, clusters: &Clusters, no_flush: bool) -> Result<()> {
        let cannot =
            |source| Error::While { what: "Can't update bitmap directory".into(), source };
        let length: u64 = self.entries.iter().map(DirectoryEntry::length).sum();
        if length != self.range.end - self.range.start {
            // A name with a zero byte is shorter than its entry.
            return Err(cannot(Errno::INVAL.into()));
        }
        let mut is_changed = false;
        for entry in self.entries.iter_mut().filter(|entry| !entry.is_in_use()) {
            let flags = entry.flags() | IN_USE;
            entry.write_flags(clusters, flags).map_err(cannot)?;
            is_changed = true;
        }
        if is_changed && !no_flush { clusters.sync().map_err(cannot) } else { Ok(()) }
    }
}

/// Checks that an image of `size` bytes can store another bitmap besides the persistent ones of
/// its node, as QEMU does.
///
/// # Errors
/// [`Error::InvalidOption`].
pub(super) fn check_new(
    header: &Header,
    size: u64,
    known: &DirtyBitmaps,
    (name, granularity): (&str, u64),
) -> Result<()> {
    let refuse = |text: &str| Err(Error::InvalidOption(text.to_owned()));
    if header.version() < 3 {
        return refuse("Cannot store dirty bitmaps in qcow2 v2 files");
    }
    if granularity > 1 << 31 {
        return refuse("Granularity exceeds maximum (2147483648 bytes)");
    }
    if name.len() > NAME_MAX {
        return refuse(&format!("Name length exceeds maximum ({NAME_MAX} characters)"));
    }
    let bytes = size.div_ceil(granularity).div_ceil(8);
    if bytes > BYTES_MAX || bytes > TABLE_ENTRIES_MAX * header.cluster_size() {
        let text = "Too much space will be occupied by the bitmap. Use larger granularity";
        return refuse(text);
    }
    let (mut count, mut length) = (1, entry_length(name.len()));
    known.for_each_persistent(|bitmap| {
        count += 1;
        length += entry_length(bitmap.name.len());
        Ok::<(), Error>(())
    })?;
    if count > BITMAPS_MAX {
        return refuse("Maximum number of persistent bitmaps is already reached");
    }
    if length > BITMAP_DIRECTORY_MAX {
        return refuse("Not enough space in the bitmap directory");
    }
    Ok(())
}

fn too_large(bytes: u64, most: u64) -> Error {
    invalid(format!("Bitmaps of {bytes} bytes exceed the maximum supported size ({most})"))
}
