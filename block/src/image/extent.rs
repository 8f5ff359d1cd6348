//! The block status of a range: what is known about its contents without reading them.

use nix::errno::Errno;
use std::io;

/// QEMU counts images in sectors of this many bytes.
pub const SECTOR_SIZE: u64 = 512;

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

/// Refuses a range that does not lie within the image, as the drivers of QEMU do.
pub(super) fn check_range(offset: u64, length: u64, size: u64) -> io::Result<()> {
    match offset.checked_add(length) {
        Some(end) if end <= size => Ok(()),
        Some(_) | None => Err(io::Error::from(Errno::EIO)),
    }
}

/// The error for work on an image that is closed or read-only.
pub(super) fn not_permitted() -> io::Error {
    io::Error::from(Errno::EPERM)
}
