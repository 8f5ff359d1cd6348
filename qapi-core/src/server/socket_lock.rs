//! A lock on the path of a unix socket, for programs that start at the same time.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

/// The time to wait for the lock. Another program takes it for some system calls only.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two attempts.
const RETRY: Duration = Duration::from_millis(2);

/// The exclusive right to replace the file at the path of a socket.
///
/// Without the lock, two programs could both find an abandoned socket, and the second one would
/// remove the socket that the first one has put there. The lock is on a file beside the socket,
/// with the suffix `.lock`, which exists only while a program has or awaits the lock.
#[derive(Debug)]
pub(super) struct SocketLock {
    path: PathBuf,
    _file: File,
}

impl SocketLock {
    /// Takes the lock for the socket at `socket`. Blocks the thread while another program has it.
    ///
    /// # Errors
    /// The file of the lock cannot be created, or another program does not release the lock.
    pub(super) fn take(socket: &Path) -> io::Result<Self> {
        let mut path = socket.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let start = Instant::now();
        loop {
            let file = open(&path).map_err(|error| name_lock(&path, error))?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // The program that had the lock may have removed this file in the meantime.
                Ok(()) if is_at(&file, &path)? => return Ok(Self { path, _file: file }),
                Ok(()) => {}
                Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(RETRY),
                Err(error) => return Err(error.into()),
            }
            if start.elapsed() > TIMEOUT {
                return Err(Errno::ADDRINUSE.into());
            }
        }
    }
}

impl Drop for SocketLock {
    fn drop(&mut self) {
        // The file is removed before it is unlocked, so that no other program removes a file that a
        // third one has locked. An error leaves a file that the next start uses.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Opens or creates the file of a lock. Does not follow a symbolic link, and does not wait for the
/// other end of a FIFO.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.cast_signed())
        .open(path)
}

/// The error with the name of the lock: confinement such as Landlock may allow the socket and not
/// the file of the lock.
fn name_lock(path: &Path, error: io::Error) -> io::Error {
    let text = format!("cannot open the lock file {}: {error}", path.display());
    io::Error::new(error.kind(), text)
}

/// Whether `file` is the file at `path`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match path.symlink_metadata() {
        Ok(found) => Ok((found.dev(), found.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
