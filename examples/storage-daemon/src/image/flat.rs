//! Images without a format: what a file or another node holds, byte for byte.

use super::extent::{self, Extent};
use super::storage::{SECTOR_SIZE, Storage};
use super::{check_range, not_permitted};
use imago::storage::PreallocateMode;
use imago::{Storage as _, StorageExt};
use std::io;
use std::sync::Arc;

/// An image without a format.
#[derive(Debug)]
pub struct FlatImage {
    storage: Storage,
    writable: bool,
    no_flush: bool,
    unmap: bool,
}

impl FlatImage {
    /// Takes the bytes of `storage` as an image. With `no_flush`, flushing does nothing.
    pub fn new(storage: Storage, writable: bool, no_flush: bool) -> Self {
        FlatImage { storage, writable, no_flush, unmap: false }
    }

    /// The same, with the space of zeroes given back to the storage if `unmap` says so.
    #[must_use]
    pub fn unmap(self, unmap: bool) -> Self {
        FlatImage { unmap, ..self }
    }

    pub(super) fn size(&self) -> io::Result<u64> {
        self.storage.size()
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(offset, buffer.len() as u64, self.size()?)?;
        self.storage.read(buffer, offset)
    }

    pub(super) fn write(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.check_write(offset, buffer.len() as u64)?;
        self.storage.write(buffer, offset)
    }

    pub(super) fn write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.check_write(offset, length)?;
        if self.unmap {
            self.storage.write_zeroes(offset, length)
        } else {
            self.storage.write_allocated_zeroes(offset, length)
        }
    }

    fn check_write(&self, offset: u64, length: u64) -> io::Result<()> {
        if !self.writable {
            return Err(not_permitted());
        }
        check_range(offset, length, self.size()?)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        if !self.writable {
            return Ok(());
        }
        self.storage.flush()?;
        if self.no_flush { Ok(()) } else { self.storage.sync() }
    }

    pub(super) fn grow(&self, size: u64) -> io::Result<()> {
        if !self.writable {
            return Err(not_permitted());
        }
        let size = size.checked_next_multiple_of(SECTOR_SIZE).ok_or(nix::errno::Errno::EFBIG)?;
        if size <= self.size()? {
            return Ok(());
        }
        self.storage.resize(size, PreallocateMode::None)
    }

    pub(super) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let length = length.min(self.size()?.saturating_sub(offset));
        if length == 0 {
            return Ok(Extent { length: 0, zero: true, allocated: true });
        }
        extent::of_storage(&self.storage, offset, length)
    }

    pub(super) fn storage(&self) -> Storage {
        Arc::clone(&self.storage)
    }
}
