//! The block status of a range: what is known about its contents without reading them.

use std::io;

use rustix::io::Errno;

/// The size of a sector in bytes. QEMU measures images in sectors.
pub const SECTOR_SIZE: u64 = 512;
/// The largest size of a node in bytes: 2^63 less the largest alignment, as in QEMU.
pub const SIZE_MAX: u64 = (1 << 63) - (1 << 30);

/// The block status of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The number of bytes with this status.
    pub length: u64,
    /// Whether the range is known to read as zeroes. Other ranges may read as zeroes too.
    pub zero: bool,
    /// Whether the image itself determines the contents, rather than its backing file.
    ///
    /// All bytes of a raw image are allocated.
    pub allocated: bool,
}

/// Refuses a range that is not within the image, with the error of QEMU's drivers.
pub(super) fn check_range(offset: u64, length: u64, size: u64) -> io::Result<()> {
    match offset.checked_add(length) {
        Some(end) if end <= size => Ok(()),
        Some(_) | None => Err(io::Error::from(Errno::IO)),
    }
}

/// The error for a request to an image that is closed or read-only.
pub(crate) fn not_permitted() -> io::Error {
    io::Error::from(Errno::PERM)
}
