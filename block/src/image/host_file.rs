//! Files of the host.

use super::extent::{Extent, SECTOR_SIZE};
use super::forward::forward_storage;
use super::locks::ByteLocks;
use super::permissions::Access;
use super::storage::BlockStorage;
use crate::error::{Error, Result};
use crate::options::OnOffAuto;
use imago::file::File as ImagoFile;
use imago::io_buffers::IoVector;
use imago::storage::drivers::CommonStorageHelper;
use imago::{Storage as ImagoStorage, StorageOpenOptions};
use nix::errno::Errno;
use nix::libc;
use nix::unistd::{Whence, lseek};
use parking_lot::{Mutex, RwLock};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

/// How to open a host file.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostFileMode {
    /// Whether the file may be written.
    pub writable: bool,
    /// Whether to bypass the page cache of the host.
    pub direct: bool,
    /// Whether to take QEMU's image locks.
    pub locking: OnOffAuto,
    /// Whether nobody ever waits for the disk.
    pub no_flush: bool,
}

/// A regular file or block device of the host.
pub struct HostFile {
    path: String,
    /// Requests share the lock; who opens the file in another way takes it alone.
    opened: RwLock<Opened>,
    locks: Mutex<ByteLocks>,
    helper: CommonStorageHelper,
}

/// Writes of so many bytes are begun to be written to the disk at once. They are those of copies,
/// which are flushed in the end: the disk is then busy while the copy goes on, not only afterwards.
const WRITEBACK_MIN: u64 = 256 << 10;

/// A file as it is open at the moment.
#[derive(Debug)]
struct Opened {
    inner: ImagoFile,
    /// The same open file description as `inner` has, for locks and for finding holes.
    handle: File,
    mode: HostFileMode,
    /// Whether what is written is going to be flushed from the page cache.
    writeback: bool,
}

/// A file that has been opened once more, to take the place of how it was open.
#[derive(Debug)]
pub struct Reopened {
    handle: File,
    mode: HostFileMode,
}

impl HostFile {
    /// Opens a file without taking any lock yet.
    ///
    /// # Errors
    /// [`Error::OpenFile`] with the reason of the system; [`Error::FileNameMissing`];
    /// [`Error::NotARegularFile`] for what is neither file nor block device.
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

    /// Opens the file in another way, to be used by [`HostFile::switch`]. Its locks do not count.
    ///
    /// # Errors
    /// Those of [`HostFile::open`].
    pub fn open_again(&self, mode: HostFileMode) -> Result<Reopened> {
        Ok(Reopened { handle: open_file(&self.path, mode)?, mode })
    }

    /// Uses the file as it has been opened once more, and gives the way in which it was open
    /// before. Waits for the requests under way.
    ///
    /// # Errors
    /// The locks that the file holds cannot be taken over; it stays then as it was.
    pub fn switch(&self, Reopened { handle, mode }: Reopened) -> Result<Reopened> {
        let mut opened = self.opened.write();
        // Only now: the library notes how long the file is.
        let new = Opened::from_file(handle, &self.path, mode)?;
        self.locks.lock().transfer(new.handle.try_clone()?)?;
        let former = std::mem::replace(&mut *opened, new);
        Ok(Reopened { handle: former.handle, mode: former.mode })
    }

    /// Changes which image locks the file holds. Gives what it held before.
    ///
    /// # Errors
    /// [`Error::ImageLocked`]; the locks are then as before.
    pub fn set_access(&self, access: Access) -> Result<Access> {
        self.locks.lock().change(access)
    }

    /// Bytes that the file takes up on the host, which holes make smaller than its length.
    ///
    /// # Errors
    /// When the host cannot say.
    pub fn allocated_size(&self) -> io::Result<u64> {
        // POSIX leaves the unit of st_blocks open; every system in use counts 512 bytes.
        Ok(self.opened.read().handle.metadata()?.blocks().saturating_mul(512))
    }

    /// Whether `offset` lies in data or in a hole, and where that ends.
    ///
    /// Where the file system cannot tell, all is data. The end may lie beyond the file.
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
    // O_NONBLOCK: opening a pipe that nobody writes must not block the daemon.
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
        // With direct I/O the library finds the alignment by trial, with writes if it may write:
        // those could overwrite what another process writes, so it may not.
        let writes_allowed = mode.writable && !mode.direct;
        let options =
            StorageOpenOptions::new().filename(path).write(writes_allowed).direct(mode.direct);
        let writeback = mode.writable && !mode.direct && !mode.no_flush;
        Ok(Opened { inner: ImagoFile::from_open_file(file, options)?, handle, mode, writeback })
    }

    /// Begins to write a range from the page cache to the disk, without waiting for it. Where that
    /// cannot be done, the next flush does it all.
    fn start_writeback(&self, offset: u64, length: u64) {
        let (Ok(offset), Ok(length)) = (offset.try_into(), length.try_into()) else { return };
        let handle = self.handle.as_raw_fd();
        // SAFETY: no memory is passed, and the descriptor is that of a file open as long as `self`.
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
        // SAFETY: the caller keeps the alignment that this object reports, which is the inner
        // one; the write blockers are this object's own.
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
