//! The requests to an open file of the host.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;

use super::direct::direct_alignment;
use super::writeback;
use super::{HostFileKind, HostFileMode};
use crate::image::alignment::{AlignedWrite, Alignment};
use crate::image::storage::{Preallocation, ZeroMode};
use crate::image::zeroes::write_zero_data;

/// Writeback to the disk starts at once for writes of at least this many bytes. Copies make such
/// large writes, and end with a flush. With early writeback, the disk is busy during the copy, and
/// not only during the flush.
const WRITEBACK_MIN: usize = 256 << 10;

/// The alignment of ranges for `fallocate`: the size of the largest usual sector, and of the usual
/// block of a file system, whose parts are faster to write than to zero otherwise.
const FALLOCATE_UNIT: u64 = 4096;

/// An open file.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: Arc<File>,
    pub(super) mode: HostFileMode,
    alignment: Alignment,
    is_device: bool,
    /// The length of the file. Image locks keep other programs from changing it.
    length: AtomicU64,
    /// Locked by writes of whole blocks beyond the end, which cut off what was not to be written.
    growth: Mutex<()>,
    /// Whether writeback of large writes starts at once.
    writeback: bool,
}

impl OpenFile {
    pub(super) fn new(
        file: Arc<File>,
        kind: HostFileKind,
        mode: HostFileMode,
    ) -> io::Result<Self> {
        let is_device = kind != HostFileKind::File;
        let length = length_of(&file)?;
        let alignment = match mode.direct {
            true => direct_alignment(&file, length),
            false => Alignment::new(1, 1),
        };
        let writeback = mode.writable && !mode.direct && !mode.no_flush;
        let (length, growth) = (AtomicU64::new(length), Mutex::default());
        Ok(OpenFile { file, mode, alignment, is_device, length, growth, writeback })
    }

    /// The length of the file in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    pub(super) fn request_alignment(&self) -> u64 {
        self.alignment.request()
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.alignment.read(offset, buffer, |offset, buffer| self.read_aligned(offset, buffer))
    }

    pub(super) fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let read = |offset, buffer: &mut [u8]| self.read_aligned(offset, buffer);
        self.alignment.write(offset, data, read, |write| self.write_aligned(&write))?;
        if self.writeback && data.len() >= WRITEBACK_MIN {
            // The next flush writes the range if the writeback cannot start.
            let _ = writeback::start(&self.file, offset, data.len() as u64);
        }
        Ok(())
    }

    fn read_aligned(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.file.read_at(buffer, offset) {
                Ok(0) => break,
                Ok(length) => {
                    buffer = &mut buffer[length..];
                    offset += length as u64;
                    if !offset.is_multiple_of(self.alignment.request()) {
                        // Direct I/O ends in the middle of a block only at the end of the file.
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Beyond the end, a storage reads as zeroes.
        buffer.fill(0);
        Ok(())
    }

    fn write_aligned(&self, write: &AlignedWrite<'_>) -> io::Result<()> {
        let AlignedWrite { offset, data, end } = *write;
        let blocks_end = offset + data.len() as u64;
        if blocks_end == end || blocks_end <= self.length() {
            self.file.write_all_at(data, offset)?;
            self.length.fetch_max(end, Ordering::Relaxed);
            return Ok(());
        }
        let _growth = self.growth.lock();
        self.file.write_all_at(data, offset)?;
        let length = self.length.fetch_max(end, Ordering::Relaxed).max(end);
        if length < blocks_end { self.file.set_len(length) } else { Ok(()) }
    }

    /// Zeroes a range as QEMU does: with `fallocate`, or else by writing zeroes.
    pub(super) fn write_zeroes(
        &self,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        let zero = |offset, length| {
            match mode {
                ZeroMode::MayUnmap => match self.punch_hole(offset, length) {
                    Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                        self.zero_range(offset, length)?;
                    }
                    result => result?,
                },
                ZeroMode::Allocated | ZeroMode::AllocatedAtOnce => {
                    self.zero_range(offset, length)?;
                }
            }
            self.grow_to(offset + length)
        };
        let unit = self.fallocate_unit();
        let write = |offset, zeroes: &[u8]| self.write(offset, zeroes);
        self.alignment.write_zeroes((offset, length), unit, mode, zero, write)
    }

    /// Frees the space of a range. [`io::ErrorKind::Unsupported`] if the host cannot do this.
    pub(super) fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        let unit = self.fallocate_unit();
        let discard = |offset, length| self.punch_hole(offset, length);
        self.alignment.change_blocks(offset, length, unit, discard).map(drop)
    }

    /// The alignment of ranges for `fallocate`.
    fn fallocate_unit(&self) -> u64 {
        self.alignment.request().max(FALLOCATE_UNIT)
    }

    fn punch_hole(&self, offset: u64, length: u64) -> io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        self.allocate(flags, offset, length)
    }

    fn zero_range(&self, offset: u64, length: u64) -> io::Result<()> {
        let flags = FallocateFlags::ZERO_RANGE;
        match self.allocate(flags, offset, length) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported && !self.is_device => {
                self.punch_hole(offset, length)?;
                self.allocate(FallocateFlags::empty(), offset, length)
            }
            result => result,
        }
    }

    /// Calls `fallocate`. If the system cannot do this to the range, the error is
    /// [`io::ErrorKind::Unsupported`].
    fn allocate(&self, flags: FallocateFlags, offset: u64, length: u64) -> io::Result<()> {
        loop {
            match fallocate(&self.file, flags, offset, length) {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(
                    Errno::NODEV | Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOTTY | Errno::INVAL,
                ) => return Err(Errno::NOTSUP.into()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Grows the file to a length, unless it is as long already.
    fn grow_to(&self, length: u64) -> io::Result<()> {
        if length <= self.length() {
            return Ok(());
        }
        let _growth = self.growth.lock();
        if length > length_of(&self.file)? {
            self.file.set_len(length)?;
        }
        self.length.fetch_max(length, Ordering::Relaxed);
        Ok(())
    }

    /// Changes the length. No other request is in flight.
    pub(super) fn resize(&self, length: u64, preallocation: Preallocation) -> io::Result<()> {
        let old = self.length();
        if self.is_device {
            return if length == old { Ok(()) } else { Err(Errno::NOTSUP.into()) };
        }
        match preallocation {
            _ if length <= old => self.file.set_len(length)?,
            Preallocation::Off => self.file.set_len(length)?,
            Preallocation::Falloc => self.allocate(FallocateFlags::empty(), old, length - old)?,
            Preallocation::Full => {
                write_zero_data(old, length - old, |offset, zeroes| self.write(offset, zeroes))?;
            }
            Preallocation::Metadata => return Err(Errno::NOTSUP.into()),
        }
        self.length.store(length, Ordering::Relaxed);
        Ok(())
    }

    /// Flushes all completed writes to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Returns true if `offset` is in data and false if it is in a hole, and the end of that data
    /// or hole.
    ///
    /// Without support by the file system, all bytes are data. The returned end may be beyond the
    /// end of the file.
    pub(super) fn data_or_hole(&self, offset: u64) -> (bool, u64) {
        match seek(&self.file, SeekFrom::Data(offset)) {
            Ok(data) if data > offset => (false, data),
            Ok(_here) => match seek(&self.file, SeekFrom::Hole(offset)) {
                Ok(hole) if hole > offset => (true, hole),
                Ok(_) | Err(_) => (true, u64::MAX),
            },
            // No data from here to the end.
            Err(Errno::NXIO) => (false, u64::MAX),
            Err(_cannot_tell) => (true, u64::MAX),
        }
    }
}

/// The length of a file or a block device.
fn length_of(file: &File) -> io::Result<u64> {
    Ok(seek(file, SeekFrom::End(0))?)
}
