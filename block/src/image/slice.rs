//! A range of a storage as a storage.

use std::fmt;
use std::io;

use parking_lot::RwLock;
use rustix::io::Errno;

use super::extent::Extent;
use super::storage::{BlockStorage, Preallocation, Storage, ZeroMode};

/// The range of a storage that is shown as a storage.
#[derive(Clone, Copy, Debug, Default)]
pub struct SliceRange {
    /// The offset of the first byte.
    pub offset: u64,
    /// The fixed size, if there is one; otherwise, the range has all bytes from the offset on.
    pub size: Option<u64>,
}

/// The bytes of a storage from an offset on, up to a fixed size if one is given. The range can be
/// changed while the storage is in use.
///
/// The offset needs no alignment, as storages serve unaligned requests too.
#[derive(Debug)]
pub struct StorageSlice {
    inner: Storage,
    range: RwLock<SliceRange>,
}

impl StorageSlice {
    /// A range of `inner`, which must lie within `inner`.
    pub fn new(inner: Storage, range: SliceRange) -> Self {
        StorageSlice { inner, range: RwLock::new(range) }
    }

    /// Changes the range for all later requests. The new range must lie within the storage below.
    pub fn set_range(&self, range: SliceRange) {
        *self.range.write() = range;
    }

    fn range(&self) -> SliceRange {
        *self.range.read()
    }
}

impl SliceRange {
    fn shift(self, offset: u64) -> io::Result<u64> {
        offset.checked_add(self.offset).ok_or_else(|| Errno::IO.into())
    }

    /// The offset of a write in the storage below. A write beyond a fixed size fails.
    fn shift_write(self, offset: u64, length: u64) -> io::Result<u64> {
        match (self.size, offset.checked_add(length)) {
            (Some(size), Some(end)) if end > size => Err(Errno::NOSPC.into()),
            (Some(_), None) => Err(Errno::NOSPC.into()),
            (Some(_), Some(_)) | (None, _) => self.shift(offset),
        }
    }
}

impl fmt::Display for StorageSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range().offset {
            0 => self.inner.fmt(f),
            offset => write!(f, "{} from {offset}", self.inner),
        }
    }
}

impl BlockStorage for StorageSlice {
    fn size(&self) -> io::Result<u64> {
        match self.range() {
            SliceRange { size: Some(size), .. } => Ok(size),
            SliceRange { offset, size: None } => Ok(self.inner.size()?.saturating_sub(offset)),
        }
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        // Bytes beyond a fixed size are not part of the range, and read as zeroes like those beyond
        // a file.
        let range = self.range();
        let inside = range.size.map_or(u64::MAX, |size| size.saturating_sub(offset));
        let inside = inside.min(buffer.len() as u64);
        let (within, beyond) = buffer.split_at_mut(inside as usize);
        beyond.fill(0);
        if within.is_empty() { Ok(()) } else { self.inner.read(range.shift(offset)?, within) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(self.range().shift_write(offset, data.len() as u64)?, data)
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        self.inner.zero(self.range().shift_write(offset, length)?, length, mode)
    }

    fn discard_to_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.discard_to_zeroes(self.range().shift_write(offset, length)?, length)
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.discard(self.range().shift_write(offset, length)?, length)
    }

    fn flush(&self) -> io::Result<()> {
        self.inner.flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        let range = self.range();
        match range.size {
            Some(_fixed) => Err(Errno::NOTSUP.into()),
            None => self.inner.resize(range.shift(size)?, preallocation),
        }
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.inner.extent(self.range().offset.saturating_add(offset), length)
    }

    fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.copy_on_read(self.range().shift(offset)?, length)
    }

    fn request_alignment(&self) -> u64 {
        self.inner.request_alignment()
    }
}
