//! The range of its file that a raw node shows, and the size of a null node.

use super::node::Node;
use crate::error::{Error, Result};
use crate::image::extent::SECTOR_SIZE;
use crate::image::slice::SliceRange;
use crate::options::BlockdevOptionsRaw;

/// The options of a raw node or a null node that belong to the name of its image.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RangeOptions {
    pub(super) offset: Option<u64>,
    pub(super) size: Option<u64>,
    /// The option of a null node by this name. Reads always give zeroes.
    pub(super) read_zeroes: Option<bool>,
}

impl RangeOptions {
    /// The options of a raw node.
    pub(super) fn of_raw(options: &BlockdevOptionsRaw) -> Result<Self> {
        let (offset, size) = (options.offset_bytes()?, options.size_bytes()?);
        Ok(RangeOptions { offset, size, read_zeroes: None })
    }

    /// The range of the file that a raw node shows.
    pub(super) fn slice(self) -> SliceRange {
        SliceRange { offset: self.offset.unwrap_or(0), size: self.size }
    }

    /// Whether only a part of the file is shown, so that the size of the file must not change.
    pub(super) fn is_part(self) -> bool {
        self.offset.is_some_and(|offset| offset != 0) || self.size.is_some()
    }

    /// Whether no option is given.
    pub(super) fn is_default(self) -> bool {
        self.offset.is_none() && self.size.is_none() && self.read_zeroes.is_none()
    }
}

impl Node {
    /// The options of a raw node or a null node that belong to the name of its image.
    pub(super) fn range(&self) -> RangeOptions {
        *self.range.read()
    }

    /// Changes the range of a raw node. Returns the former one.
    pub(super) fn set_range(&self, range: RangeOptions) -> RangeOptions {
        if let Some(slice) = &self.slice {
            slice.set_range(range.slice());
        }
        std::mem::replace(&mut self.range.write(), range)
    }
}

/// Checks that a range lies within the file of a raw node.
pub(super) fn check_range(file: &Node, range: RangeOptions) -> Result<()> {
    let invalid = |text| Err(Error::InvalidOption(text));
    if range.is_default() {
        return Ok(());
    }
    let RangeOptions { offset, size, read_zeroes: _ } = range;
    let (offset, actual) = (offset.unwrap_or(0), file.size()?);
    let Some(rest) = actual.checked_sub(offset) else {
        return invalid(format!(
            "Offset ({offset}) cannot be greater than size of the containing file ({actual})"
        ));
    };
    if let Some(size) = size {
        if size > rest {
            // The two blanks are part of the message.
            return invalid(format!(
                "The sum of offset ({offset}) and size ({size}) has to be smaller or equal to \
                 the  actual size of the containing file ({actual})"
            ));
        }
        if !size.is_multiple_of(SECTOR_SIZE) {
            return invalid(format!("Specified size is not multiple of {SECTOR_SIZE}"));
        }
    }
    Ok(())
}
