//! Images that the image library has open.

use super::extent::Extent;
use super::storage::Storage;
use imago::format::Format;
use imago::raw::Raw as ImagoRaw;
use imago::{FormatAccess, ShallowMapping};
use std::io;
use std::sync::Arc;

/// An image that the image library has open.
pub(super) type ImagoImage = Arc<FormatAccess<Storage>>;

/// A storage as an image without a format, which is never written to.
pub(super) fn raw_image(storage: &Storage) -> io::Result<ImagoImage> {
    let raw = ImagoRaw::open_image(storage.clone(), false)?;
    Ok(Arc::new(FormatAccess::new(raw)))
}

/// Asks a format image, and its backing files where it has nothing of its own.
///
/// `length` must be more than 0 and the range lie within the image.
pub(super) fn extent(
    layer: &FormatAccess<Storage>,
    offset: u64,
    length: u64,
) -> io::Result<Extent> {
    let (mapping, known) = layer.get_shallow_mapping(offset, length)?;
    let known = known.min(length);
    let extent = match mapping {
        ShallowMapping::Raw { storage, offset, .. } if layer.inner().format() == Format::Raw => {
            storage.extent(offset, known)?
        }
        ShallowMapping::Raw { .. } | ShallowMapping::Special { .. } => {
            Extent { length: known, zero: false, allocated: true }
        }
        ShallowMapping::Zero { explicit, .. } => {
            Extent { length: known, zero: true, allocated: explicit }
        }
        ShallowMapping::Indirect { layer: below, offset: below_offset, .. } => {
            Extent { allocated: false, ..backing_extent(below, below_offset, known)? }
        }
        ShallowMapping::Eof { .. } => Extent { length: 0, zero: true, allocated: false },
        // The library may learn to say more; then this reads and writes more than it must.
        _unknown => Extent { length: known.max(1), zero: false, allocated: true },
    };
    Ok(extent)
}

/// Asks a backing file, which may be shorter than the image above it: then zeroes follow.
fn backing_extent(layer: &FormatAccess<Storage>, offset: u64, length: u64) -> io::Result<Extent> {
    let extent = extent(layer, offset, length)?;
    if extent.length == 0 {
        return Ok(Extent { length, zero: true, allocated: false });
    }
    Ok(extent)
}
