//! Files of the host.

mod direct;
mod discards;
mod open_file;
mod writeback;

use std::fmt;
use std::fs::{File, FileType};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::extent::{Extent, SECTOR_SIZE};
use super::locks::ByteLocks;
use super::permissions::Access;
use super::storage::{BlockStorage, Preallocation, ZeroMode};
use crate::error::{Error, Result};
use crate::options::OnOffAuto;
pub use discards::DiscardCounts;
use discards::Discards;
use open_file::OpenFile;

/// The kinds of host files, each with a driver of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostFileKind {
    /// A regular file.
    #[default]
    File,
    /// A block device or a character device.
    HostDevice,
    /// A CD-ROM drive.
    HostCdrom,
}

impl HostFileKind {
    /// The name of the driver.
    fn driver(self) -> &'static str {
        match self {
            HostFileKind::File => "file",
            HostFileKind::HostDevice => "host_device",
            HostFileKind::HostCdrom => "host_cdrom",
        }
    }

    /// The kind of the file at a path: [`HostFileKind::HostDevice`] for all devices.
    pub fn at(path: &str) -> Self {
        match std::fs::metadata(path) {
            Ok(metadata) if is_device(metadata.file_type()) => HostFileKind::HostDevice,
            Ok(_) | Err(_) => HostFileKind::File,
        }
    }
}

fn is_device(file_type: FileType) -> bool {
    file_type.is_block_device() || file_type.is_char_device()
}

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

/// A regular file or device of the host.
pub struct HostFile {
    path: String,
    kind: HostFileKind,
    /// Requests take the lock shared, and a replacement takes it exclusively.
    opened: RwLock<OpenFile>,
    locks: Mutex<ByteLocks>,
    discards: Discards,
}

/// A file that has been opened again, to replace the open file.
#[derive(Debug)]
pub struct Reopened {
    file: Arc<File>,
    mode: HostFileMode,
}

impl HostFile {
    /// Opens a file of a kind without image locks.
    ///
    /// # Errors
    /// [`Error::OpenFile`] with the error of the system; [`Error::FileNameMissing`];
    /// [`Error::DirectUnsupported`];
    /// [`Error::NotARegularFile`] or [`Error::NotADevice`] for a file of another kind.
    pub fn open(path: &str, kind: HostFileKind, mode: HostFileMode) -> Result<Self> {
        let failed = |source| Error::OpenFile { path: path.to_owned(), source };
        let opened = OpenFile::new(open_file(path, kind, mode)?, kind, mode).map_err(failed)?;
        let locks = ByteLocks::new(Arc::clone(&opened.file), mode.locking).map_err(failed)?;
        Ok(HostFile {
            path: path.to_owned(),
            kind,
            opened: RwLock::new(opened),
            locks: Mutex::new(locks),
            discards: Discards::default(),
        })
    }

    /// Opens the file again in another mode, for [`HostFile::switch`], without image locks.
    ///
    /// # Errors
    /// Those of [`HostFile::open`].
    pub fn open_again(&self, mode: HostFileMode) -> Result<Reopened> {
        Ok(Reopened { file: open_file(&self.path, self.kind, mode)?, mode })
    }

    /// Replaces the open file by a file that has been opened again. Returns the former file. Waits
    /// for requests in flight.
    ///
    /// # Errors
    /// The new file cannot be examined, or the image locks cannot be transferred. The open file is
    /// then unchanged.
    pub fn switch(&self, Reopened { file, mode }: Reopened) -> Result<Reopened> {
        let mut opened = self.opened.write();
        // The length of the file must not change after it has been determined, so that happens
        // under the lock.
        let new = OpenFile::new(file, self.kind, mode)?;
        self.locks.lock().transfer(Arc::clone(&new.file))?;
        let former = std::mem::replace(&mut *opened, new);
        Ok(Reopened { file: former.file, mode: former.mode })
    }

    /// Changes the image locks. Returns the former permissions.
    ///
    /// # Errors
    /// [`Error::ImageLocked`]. The locks are then unchanged.
    pub fn set_access(&self, access: Access) -> Result<Access> {
        self.locks.lock().change(access)
    }

    /// The requests to free space since the file was opened.
    pub fn discard_counts(&self) -> DiscardCounts {
        self.discards.get()
    }

    /// Counts a request to free space that was made as another request.
    pub(crate) fn count_discard(&self, length: u64, has_succeeded: bool) {
        self.discards.count(length, has_succeeded);
    }

    /// The bytes that the file occupies on the host. Holes do not count.
    ///
    /// # Errors
    /// The error of the system.
    pub fn allocated_size(&self) -> io::Result<u64> {
        // POSIX leaves the unit of st_blocks open; every system in use counts 512 bytes.
        Ok(self.opened.read().file.metadata()?.blocks().saturating_mul(512))
    }
}

fn open_file(path: &str, kind: HostFileKind, mode: HostFileMode) -> Result<Arc<File>> {
    if path.is_empty() {
        return Err(Error::FileNameMissing(kind.driver()));
    }
    let failed = |source| Error::OpenFile { path: path.to_owned(), source };
    let mut options = File::options();
    // O_NONBLOCK: opening a pipe without a writer must not block.
    let flags = libc::O_NONBLOCK | if mode.direct { libc::O_DIRECT } else { 0 };
    options.read(true).write(mode.writable).custom_flags(flags);
    let file = match options.open(path) {
        Err(error) if mode.direct && error.raw_os_error() == Some(libc::EINVAL) => {
            return Err(Error::DirectUnsupported(path.to_owned()));
        }
        opened => opened.map_err(failed)?,
    };
    let file_type = file.metadata().map_err(failed)?.file_type();
    match kind {
        HostFileKind::File if file_type.is_file() => Ok(Arc::new(file)),
        HostFileKind::File => Err(Error::NotARegularFile(path.to_owned())),
        HostFileKind::HostDevice | HostFileKind::HostCdrom if is_device(file_type) => {
            Ok(Arc::new(file))
        }
        HostFileKind::HostDevice | HostFileKind::HostCdrom => {
            Err(Error::NotADevice { driver: kind.driver(), path: path.to_owned() })
        }
    }
}

impl fmt::Debug for HostFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostFile").field(&self.path).finish()
    }
}

impl fmt::Display for HostFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl BlockStorage for HostFile {
    /// The length in whole sectors: a file of 1000 bytes is an image of 1024, as for QEMU.
    fn size(&self) -> io::Result<u64> {
        Ok(self.opened.read().length().next_multiple_of(SECTOR_SIZE))
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.opened.read().read(offset, buffer)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.opened.read().write(offset, data)
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        self.opened.read().write_zeroes(offset, length, mode)
    }

    /// Without effect if the host cannot free the space.
    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        let discarded = self.opened.read().discard(offset, length);
        self.count_discard(length, discarded.is_ok());
        match discarded {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            discarded => discarded,
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.opened.read().sync()
    }

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        self.opened.write().resize(size, preallocation)
    }

    /// Holes of the file are zeroes.
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let (data, end) = self.opened.read().data_or_hole(offset);
        let length = length.min(end.saturating_sub(offset));
        Ok(Extent { length, zero: !data, allocated: true })
    }

    fn request_alignment(&self) -> u64 {
        self.opened.read().request_alignment()
    }
}
