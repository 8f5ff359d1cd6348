//! Images that the image library has open.

use std::io;
use std::sync::Arc;

use imago::format::Format;
use imago::raw::Raw as ImagoRaw;
use imago::{FormatAccess, ShallowMapping};

use super::extent::Extent;
use super::storage::Storage;

/// An image that the image library has open.
pub(super) type ImagoImage = Arc<FormatAccess<Storage>>;

/// A read-only raw image, as backing file of an image of the library.
pub(super) fn raw_image(storage: &Storage) -> io::Result<ImagoImage> {
    let raw = ImagoRaw::open_image(storage.clone(), false)?;
    Ok(Arc::new(FormatAccess::new(raw)))
}

/// The block status of an image, and of its backing files for unallocated ranges.
///
/// `length` is more than 0 and the range lies within the image.
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
        // A kind of mapping from a later version of the library. The range counts as data, which
        // is safe: the caller only reads and writes more than necessary.
        _unknown => Extent { length: known.max(1), zero: false, allocated: true },
    };
    Ok(extent)
}

/// The block status of a backing file. Beyond its end there are zeroes.
fn backing_extent(layer: &FormatAccess<Storage>, offset: u64, length: u64) -> io::Result<Extent> {
    let extent = extent(layer, offset, length)?;
    if extent.length == 0 {
        return Ok(Extent { length, zero: true, allocated: false });
    }
    Ok(extent)
}
