//! What an export serves: a disk of the program.

use std::fmt;
use std::io;

/// The status of a range of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The number of bytes with this status: at least one.
    pub length: u64,
    /// Whether the range is known to read as zeroes.
    pub zero: bool,
    /// Whether space is allocated for the range.
    pub allocated: bool,
}

/// Whether a request to write zeroes may free space, and whether it may be slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZeroOptions {
    /// The range stays allocated.
    pub no_unmap: bool,
    /// The request fails with [`io::ErrorKind::Unsupported`] if it is no faster than a write.
    pub fast_only: bool,
}

/// A disk that clients read and write.
///
/// Requests come from several threads at once, and block them. The server checks beforehand that
/// the range of a request is within [`Disk::size`]. The order of requests that overlap and are in
/// flight at the same time is undefined.
pub trait Disk: Send + Sync + 'static {
    /// The size in bytes.
    ///
    /// # Errors
    /// The size cannot be determined.
    fn size(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// The client receives the error number.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`.
    ///
    /// # Errors
    /// The client receives the error number.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Makes a range read as zeroes.
    ///
    /// # Errors
    /// The client receives the error number.
    fn write_zeroes(&self, offset: u64, length: u64, options: ZeroOptions) -> io::Result<()>;

    /// Declares that the contents of a range are no longer needed.
    ///
    /// # Errors
    /// The client receives the error number.
    fn discard(&self, offset: u64, length: u64) -> io::Result<()>;

    /// Makes all completed writes durable.
    ///
    /// # Errors
    /// The client receives the error number.
    fn flush(&self) -> io::Result<()>;

    /// The status of the range that begins at `offset`, for at most `length` bytes.
    ///
    /// # Errors
    /// The client receives the error number.
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let _ = offset;
        Ok(Extent { length, zero: false, allocated: true })
    }

    /// The number of the image in a chain that determines the range at `offset`, and the number of
    /// bytes to which it applies, at most `length`: 1 for the disk itself, 2 for its backing file,
    /// and 0 if no image of the chain does.
    ///
    /// # Errors
    /// The client receives the error number.
    fn allocation_depth(&self, offset: u64, length: u64) -> io::Result<(u32, u64)> {
        let extent = self.extent(offset, length)?;
        Ok((u32::from(extent.allocated), extent.length))
    }
}

/// The dirty ranges of a disk, as an export shows them.
pub trait DirtyRanges: Send + Sync + 'static {
    /// Whether the range at `offset` is dirty, and the number of bytes to which this applies, at
    /// least one and at most `length`.
    fn dirty(&self, offset: u64, length: u64) -> (bool, u64);
}

impl fmt::Debug for dyn Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl fmt::Debug for dyn DirtyRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirtyRanges")
    }
}
