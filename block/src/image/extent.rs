//! What is known about a range of an image without reading it.

use super::blkdebug::{BlkdebugStorage, EventStorage};
use super::qcow2::Qcow2Image;
use super::slice::StorageSlice;
use super::storage::{HostFile, Storage};
use super::watched::WatchedStorage;
use imago::format::Format;
use imago::{FormatAccess, ShallowMapping};
use std::io;

/// A range of an image of which all bytes are alike in what is known about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many bytes the answer is for.
    pub length: u64,
    /// Whether the range is sure to read as zeroes. If not, it may still.
    pub zero: bool,
    /// Whether the image itself says what the range holds, rather than its backing file.
    ///
    /// Raw images say it of all of their bytes.
    pub allocated: bool,
}

/// Asks a storage: holes of host files are zeroes, format images know, all else may be data.
pub(super) fn of_storage(storage: &Storage, offset: u64, length: u64) -> io::Result<Extent> {
    if let Some(behind) = WatchedStorage::behind(storage) {
        return of_storage(behind, offset, length);
    }
    if let Some(behind) = EventStorage::behind(storage) {
        return of_storage(behind, offset, length);
    }
    if let Some(extent) = BlkdebugStorage::extent(storage, offset, length) {
        return extent;
    }
    if let Some((behind, start)) = StorageSlice::behind(storage) {
        return of_storage(behind, start.saturating_add(offset), length);
    }
    if let Some(image) = Qcow2Image::behind(storage) {
        return Ok(Extent { allocated: true, ..image.extent(offset, length)? });
    }
    let (data, end) = match HostFile::of(storage) {
        Some(file) => file.data_or_hole(offset),
        None => (true, u64::MAX),
    };
    let length = length.min(end.saturating_sub(offset));
    Ok(Extent { length, zero: !data, allocated: true })
}

/// Asks a format image, and its backing files where it has nothing of its own.
///
/// `length` must be more than 0 and the range lie within the image.
pub(super) fn of_layer(
    layer: &FormatAccess<Storage>,
    offset: u64,
    length: u64,
) -> io::Result<Extent> {
    let (mapping, known) = layer.get_shallow_mapping(offset, length)?;
    let known = known.min(length);
    let extent = match mapping {
        ShallowMapping::Raw { storage, offset, .. } if layer.inner().format() == Format::Raw => {
            of_storage(storage, offset, known)?
        }
        ShallowMapping::Raw { .. } | ShallowMapping::Special { .. } => {
            Extent { length: known, zero: false, allocated: true }
        }
        ShallowMapping::Zero { explicit, .. } => {
            Extent { length: known, zero: true, allocated: explicit }
        }
        ShallowMapping::Indirect { layer: below, offset: below_offset, .. } => {
            Extent { allocated: false, ..of_backing(below, below_offset, known)? }
        }
        ShallowMapping::Eof { .. } => Extent { length: 0, zero: true, allocated: false },
        // The library may learn to say more; then this reads and writes more than it must.
        _unknown => Extent { length: known.max(1), zero: false, allocated: true },
    };
    Ok(extent)
}

/// Asks a backing file, which may be shorter than the image above it: then zeroes follow.
fn of_backing(layer: &FormatAccess<Storage>, offset: u64, length: u64) -> io::Result<Extent> {
    let extent = of_layer(layer, offset, length)?;
    if extent.length == 0 {
        return Ok(Extent { length, zero: true, allocated: false });
    }
    Ok(extent)
}
