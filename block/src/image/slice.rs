//! A range of a storage as a storage.

use std::fmt;
use std::io;

use nix::errno::Errno;

use super::extent::Extent;
use super::storage::{BlockStorage, Preallocation, Storage, ZeroMode};

/// The bytes of a storage from an offset on, up to a fixed size if one is given.
///
/// The offset needs no alignment, as storages serve unaligned requests too.
#[derive(Debug)]
pub struct StorageSlice {
    inner: Storage,
    offset: u64,
    size: Option<u64>,
}

impl StorageSlice {
    /// A range of `inner` from `offset` on, which must lie within `inner`.
    pub fn new(inner: Storage, offset: u64, size: Option<u64>) -> Self {
        StorageSlice { inner, offset, size }
    }

    fn shift(&self, offset: u64) -> io::Result<u64> {
        offset.checked_add(self.offset).ok_or_else(|| Errno::EIO.into())
    }

    /// The offset of a write in `inner`. A write beyond a fixed size fails.
    fn shift_write(&self, offset: u64, length: u64) -> io::Result<u64> {
        match (self.size, offset.checked_add(length)) {
            (Some(size), Some(end)) if end > size => Err(Errno::ENOSPC.into()),
            (Some(_), None) => Err(Errno::ENOSPC.into()),
            (Some(_), Some(_)) | (None, _) => self.shift(offset),
        }
    }
}

impl fmt::Display for StorageSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.inner, self.offset)
    }
}

impl BlockStorage for StorageSlice {
    fn size(&self) -> io::Result<u64> {
        match self.size {
            Some(size) => Ok(size),
            None => Ok(self.inner.size()?.saturating_sub(self.offset)),
        }
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        // Bytes beyond a fixed size are not part of the range, and read as zeroes like those beyond
        // a file.
        let inside = self.size.map_or(u64::MAX, |size| size.saturating_sub(offset));
        let inside = inside.min(buffer.len() as u64);
        let (within, beyond) = buffer.split_at_mut(inside as usize);
        beyond.fill(0);
        if within.is_empty() { Ok(()) } else { self.inner.read(self.shift(offset)?, within) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(self.shift_write(offset, data.len() as u64)?, data)
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        self.inner.zero(self.shift_write(offset, length)?, length, mode)
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.discard(self.shift_write(offset, length)?, length)
    }

    fn flush(&self) -> io::Result<()> {
        self.inner.flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        match self.size {
            Some(_fixed) => Err(Errno::ENOTSUP.into()),
            None => self.inner.resize(self.shift(size)?, preallocation),
        }
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.inner.extent(self.offset.saturating_add(offset), length)
    }
}
