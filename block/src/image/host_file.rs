//! Files of the host.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

use imago::file::File as ImagoFile;
use imago::io_buffers::IoVector;
use imago::storage::drivers::CommonStorageHelper;
use imago::{Storage as ImagoStorage, StorageOpenOptions};
use nix::errno::Errno;
use nix::libc;
use nix::unistd::{Whence, lseek};
use parking_lot::{Mutex, RwLock};

use super::extent::{Extent, SECTOR_SIZE};
use super::forward::forward_storage;
use super::locks::ByteLocks;
use super::permissions::Access;
use super::storage::BlockStorage;
use crate::error::{Error, Result};
use crate::options::OnOffAuto;

/// How to open a host file.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostFileMode {
    /// Whether the file may be written.
    pub writable: bool,
    /// Whether to bypass the page cache of the host.
    pub direct: bool,
    /// Whether to take QEMU's image locks.
    pub locking: OnOffAuto,
    /// Whether flushes do not wait for the disk.
    pub no_flush: bool,
}

/// A regular file or block device of the host.
pub struct HostFile {
    path: String,
    /// Requests take the lock shared, and a replacement takes it exclusively.
    opened: RwLock<Opened>,
    locks: Mutex<ByteLocks>,
    helper: CommonStorageHelper,
}

/// Writeback to the disk starts at once for writes of at least this many bytes. Copies make such
/// large writes, and end with a flush. With early writeback, the disk is busy during the copy, and
/// not only during the flush.
const WRITEBACK_MIN: u64 = 256 << 10;

/// The open file.
#[derive(Debug)]
struct Opened {
    inner: ImagoFile,
    /// The open file description of `inner`, for locks and for the search for holes.
    handle: File,
    mode: HostFileMode,
    /// Whether writeback of large writes starts at once.
    writeback: bool,
}

/// A file that has been opened again, to replace the open file.
#[derive(Debug)]
pub struct Reopened {
    handle: File,
    mode: HostFileMode,
}

impl HostFile {
    /// Opens a file without image locks.
    ///
    /// # Errors
    /// [`Error::OpenFile`] with the error of the system; [`Error::FileNameMissing`];
    /// [`Error::NotARegularFile`] for anything but a regular file or a block device.
    pub fn open(path: &str, mode: HostFileMode) -> Result<Self> {
        let failed = |source| Error::OpenFile { path: path.to_owned(), source };
        let opened = Opened::from_file(open_file(path, mode)?, path, mode).map_err(failed)?;
        let locks = opened.handle.try_clone().and_then(|file| ByteLocks::new(file, mode.locking));
        let locks = locks.map_err(failed)?;
        Ok(HostFile {
            path: path.to_owned(),
            opened: RwLock::new(opened),
            locks: Mutex::new(locks),
            helper: CommonStorageHelper::default(),
        })
    }

    /// Opens the file again in another mode, for [`HostFile::switch`], without image locks.
    ///
    /// # Errors
    /// Those of [`HostFile::open`].
    pub fn open_again(&self, mode: HostFileMode) -> Result<Reopened> {
        Ok(Reopened { handle: open_file(&self.path, mode)?, mode })
    }

    /// Replaces the open file by a file that has been opened again. Returns the former file. Waits
    /// for requests in flight.
    ///
    /// # Errors
    /// The new file cannot be examined, or the image locks cannot be transferred. The open file is
    /// then unchanged.
    pub fn switch(&self, Reopened { handle, mode }: Reopened) -> Result<Reopened> {
        let mut opened = self.opened.write();
        // The image library stores the length of the file when it opens the file. The length must
        // not change before the switch, so the library opens the file under the lock.
        let new = Opened::from_file(handle, &self.path, mode)?;
        self.locks.lock().transfer(new.handle.try_clone()?)?;
        let former = std::mem::replace(&mut *opened, new);
        Ok(Reopened { handle: former.handle, mode: former.mode })
    }

    /// Changes the image locks. Returns the former permissions.
    ///
    /// # Errors
    /// [`Error::ImageLocked`]. The locks are then unchanged.
    pub fn set_access(&self, access: Access) -> Result<Access> {
        self.locks.lock().change(access)
    }

    /// The bytes that the file occupies on the host. Holes do not count.
    ///
    /// # Errors
    /// The error of the system.
    pub fn allocated_size(&self) -> io::Result<u64> {
        // POSIX leaves the unit of st_blocks open; every system in use counts 512 bytes.
        Ok(self.opened.read().handle.metadata()?.blocks().saturating_mul(512))
    }

    /// Returns true if `offset` is in data and false if it is in a hole, and the end of that data
    /// or hole.
    ///
    /// Without support by the file system, all bytes are data. The returned end may be beyond the
    /// end of the file.
    fn data_or_hole(&self, offset: u64) -> (bool, u64) {
        let Ok(start) = i64::try_from(offset) else {
            return (true, u64::MAX);
        };
        let handle = &self.opened.read().handle;
        match lseek(handle, start, Whence::SeekData) {
            Ok(data) if data > start => (false, data.unsigned_abs()),
            Ok(_here) => match lseek(handle, start, Whence::SeekHole) {
                Ok(hole) if hole > start => (true, hole.unsigned_abs()),
                Ok(_) | Err(_) => (true, u64::MAX),
            },
            // No data from here to the end.
            Err(Errno::ENXIO) => (false, u64::MAX),
            Err(_cannot_tell) => (true, u64::MAX),
        }
    }
}

fn open_file(path: &str, mode: HostFileMode) -> Result<File> {
    if path.is_empty() {
        return Err(Error::FileNameMissing);
    }
    let failed = |source| Error::OpenFile { path: path.to_owned(), source };
    let mut options = File::options();
    // O_NONBLOCK: opening a pipe without a writer must not block.
    let flags = libc::O_NONBLOCK | if mode.direct { libc::O_DIRECT } else { 0 };
    options.read(true).write(mode.writable).custom_flags(flags);
    let file = options.open(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(failed(Errno::EISDIR.into()));
    }
    if !kind.is_file() && !kind.is_block_device() {
        return Err(Error::NotARegularFile(path.to_owned()));
    }
    Ok(file)
}

impl Opened {
    fn from_file(file: File, path: &str, mode: HostFileMode) -> io::Result<Self> {
        let handle = file.try_clone()?;
        // With direct I/O, the image library probes the alignment by writes, which could overwrite
        // data of another process. With a file that is not marked as writable, it probes by reads.
        let writes_allowed = mode.writable && !mode.direct;
        let options =
            StorageOpenOptions::new().filename(path).write(writes_allowed).direct(mode.direct);
        let writeback = mode.writable && !mode.direct && !mode.no_flush;
        Ok(Opened { inner: ImagoFile::from_open_file(file, options)?, handle, mode, writeback })
    }

    /// Starts writeback of a range from the page cache to the disk, and does not wait for its end.
    /// If the writeback cannot start, the next flush writes the range.
    fn start_writeback(&self, offset: u64, length: u64) {
        let (Ok(offset), Ok(length)) = (offset.try_into(), length.try_into()) else { return };
        let handle = self.handle.as_raw_fd();
        // SAFETY: no memory is passed, and the descriptor belongs to a file that `self` has open.
        unsafe { libc::sync_file_range(handle, offset, length, libc::SYNC_FILE_RANGE_WRITE) };
    }
}

impl fmt::Debug for HostFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostFile").field(&self.path).finish()
    }
}

impl fmt::Display for HostFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.opened.read().inner.fmt(f)
    }
}

impl BlockStorage for HostFile {
    /// Holes of the file are zeroes.
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let (data, end) = self.data_or_hole(offset);
        let length = length.min(end.saturating_sub(offset));
        Ok(Extent { length, zero: !data, allocated: true })
    }
}

impl ImagoStorage for HostFile {
    /// The length in whole sectors: a file of 1000 bytes is an image of 1024, as for QEMU.
    fn size(&self) -> io::Result<u64> {
        Ok(self.opened.read().inner.size()?.next_multiple_of(SECTOR_SIZE))
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        let (opened, length) = (self.opened.read(), bufv.len());
        // SAFETY: the caller observes the alignment that this object reports, which is that of
        // `inner`. The write blockers are those of this object.
        unsafe { opened.inner.pure_writev(bufv, offset) }?;
        if opened.writeback && length >= WRITEBACK_MIN {
            opened.start_writeback(offset, length);
        }
        Ok(())
    }

    forward_storage!(self => self.opened.read().inner);

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }
}
