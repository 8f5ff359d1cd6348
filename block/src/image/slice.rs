//! A range of a storage as a storage.

use std::fmt;
use std::io;

use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::PreallocateMode;
use imago::storage::drivers::CommonStorageHelper;
use imago::{Storage as ImagoStorage, StorageExt};
use nix::errno::Errno;

use super::extent::Extent;
use super::storage::{BlockStorage, Storage};

/// The bytes of a storage from an offset on, up to a fixed size if one is given.
///
/// Requests are passed on as unaligned ones, so that the offset needs no alignment.
#[derive(Debug)]
pub struct StorageSlice {
    inner: Storage,
    offset: u64,
    size: Option<u64>,
    helper: CommonStorageHelper,
}

impl StorageSlice {
    /// A range of `inner` from `offset` on, which must lie within `inner`.
    pub fn new(inner: Storage, offset: u64, size: Option<u64>) -> Self {
        StorageSlice { inner, offset, size, helper: CommonStorageHelper::default() }
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
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.inner.extent(self.offset.saturating_add(offset), length)
    }
}

impl ImagoStorage for StorageSlice {
    fn size(&self) -> io::Result<u64> {
        match self.size {
            Some(size) => Ok(size),
            None => Ok(self.inner.size()?.saturating_sub(self.offset)),
        }
    }

    unsafe fn pure_readv(&self, bufv: IoVectorMut<'_>, offset: u64) -> io::Result<()> {
        // Bytes beyond a fixed size are not part of the range, and read as zeroes like those beyond
        // a file.
        let inside = self.size.map_or(u64::MAX, |size| size.saturating_sub(offset));
        let inside = inside.min(bufv.len());
        let (inner, mut beyond) = bufv.split_at(inside);
        beyond.fill(0);
        if inside == 0 { Ok(()) } else { self.inner.readv(inner, self.shift(offset)?) }
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        let start = self.shift_write(offset, bufv.len())?;
        self.inner.writev(bufv, start)
    }

    unsafe fn pure_write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.write_zeroes(self.shift_write(offset, length)?, length)
    }

    unsafe fn pure_write_allocated_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.write_allocated_zeroes(self.shift_write(offset, length)?, length)
    }

    unsafe fn pure_discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.discard(self.shift_write(offset, length)?, length)
    }

    fn flush(&self) -> io::Result<()> {
        self.inner.flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }

    unsafe fn invalidate_cache(&self) -> io::Result<()> {
        // SAFETY: the caller upholds the contract of the inner method, which is the same.
        unsafe { self.inner.invalidate_cache() }
    }

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }

    fn resize(&self, new_size: u64, prealloc_mode: PreallocateMode) -> io::Result<()> {
        match self.size {
            Some(_fixed) => Err(io::ErrorKind::Unsupported.into()),
            None => self.inner.resize(self.shift(new_size)?, prealloc_mode),
        }
    }
}
