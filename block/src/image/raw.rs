//! The raw format: the bytes of a storage.

use std::io;

use parking_lot::RwLock;

use super::extent::{Extent, SECTOR_SIZE, check_range, not_permitted};
use super::storage::{Preallocation, Storage, ZeroMode};

/// A raw image.
#[derive(Debug)]
pub struct RawImage {
    storage: Storage,
    mode: RwLock<RawMode>,
}

/// The mode in which a raw image is open.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawMode {
    /// Whether the image may be written.
    pub writable: bool,
    /// Whether flushes do not wait for the disk.
    pub no_flush: bool,
    /// Whether zeroes may free space of the storage.
    pub unmap: bool,
}

impl RawImage {
    /// The image in a storage.
    pub fn new(storage: Storage, mode: RawMode) -> Self {
        RawImage { storage, mode: RwLock::new(mode) }
    }

    /// Changes the mode.
    pub fn reopen(&self, mode: RawMode) {
        *self.mode.write() = mode;
    }

    fn mode(&self) -> RawMode {
        *self.mode.read()
    }

    pub(super) fn size(&self) -> io::Result<u64> {
        // As in QEMU, the image ends with a whole sector. Bytes beyond the storage read as zeroes.
        Ok(self.storage.size()?.next_multiple_of(SECTOR_SIZE))
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(offset, buffer.len() as u64, self.size()?)?;
        self.storage.read(offset, buffer)
    }

    pub(super) fn write(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.check_write(offset, buffer.len() as u64)?;
        self.storage.write(offset, buffer)
    }

    pub(super) fn write_zeroes(
        &self,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        self.check_write(offset, length)?;
        let mode = match mode {
            ZeroMode::MayUnmap if !self.mode().unmap => ZeroMode::Allocated,
            ZeroMode::MayUnmap | ZeroMode::Allocated | ZeroMode::AllocatedAtOnce => mode,
        };
        self.storage.zero(offset, length, mode)
    }

    fn check_write(&self, offset: u64, length: u64) -> io::Result<()> {
        if !self.mode().writable {
            return Err(not_permitted());
        }
        check_range(offset, length, self.size()?)
    }

    pub(super) fn write_compressed(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.check_write(offset, buffer.len() as u64)?;
        self.storage.write_compressed(offset, buffer)
    }

    /// As in QEMU, without effect if the image is inactive.
    pub(super) fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        if !self.mode().writable {
            return Ok(());
        }
        self.check_write(offset, length)?;
        self.storage.copy_on_read(offset, length)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        let RawMode { writable, no_flush, unmap: _ } = self.mode();
        if !writable {
            return Ok(());
        }
        self.storage.flush()?;
        if no_flush { Ok(()) } else { self.storage.sync() }
    }

    pub(super) fn grow(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        if !self.mode().writable {
            return Err(not_permitted());
        }
        let size = size.checked_next_multiple_of(SECTOR_SIZE).ok_or(rustix::io::Errno::FBIG)?;
        if size <= self.size()? {
            return Ok(());
        }
        self.storage.resize(size, preallocation)
    }

    pub(super) fn shrink(&self, size: u64) -> io::Result<()> {
        if !self.mode().writable {
            return Err(not_permitted());
        }
        let size = size.checked_next_multiple_of(SECTOR_SIZE).ok_or(rustix::io::Errno::FBIG)?;
        if size >= self.size()? {
            return Ok(());
        }
        self.storage.resize(size, Preallocation::Off)
    }

    pub(super) fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.check_write(offset, length)?;
        self.storage.discard_to_zeroes(offset, length)
    }

    pub(super) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let length = length.min(self.size()?.saturating_sub(offset));
        if length == 0 {
            return Ok(Extent { length: 0, zero: true, allocated: true });
        }
        match length.min(self.storage.size()?.saturating_sub(offset)) {
            0 => Ok(Extent { length, zero: true, allocated: true }),
            inside => self.storage.extent(offset, inside),
        }
    }

    pub(super) fn storage(&self) -> Storage {
        self.storage.clone()
    }
}
