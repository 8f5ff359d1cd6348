//! The PID file of a daemon.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use qapi_core::{Error, Result};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

/// A file with the PID of this process. The file is locked while this value exists, and removed
/// when this value is dropped.
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
    file: File,
}

impl Pidfile {
    /// Creates the file, or takes over the file of a process that no longer runs.
    ///
    /// # Errors
    /// The file cannot be created, or a living process has locked it. Symbolic links are refused,
    /// because another user could have made the link to have a file overwritten. Pipes and sockets
    /// are refused too.
    pub(super) fn create(path: &Path) -> Result<Self> {
        // Absolute, as a daemon in the background changes its working directory.
        let path = &match std::path::absolute(path) {
            // An empty path.
            Err(_) => path.to_owned(),
            Ok(path) => path,
        };
        let file = loop {
            let file = open(path).map_err(|error| failed("create", path, error))?;
            flock(&file, FlockOperation::NonBlockingLockExclusive)
                .map_err(|errno| failed("lock", path, errno.into()))?;
            // If the path leads elsewhere, the last owner removed the locked file, and another
            // process may have created a new one: try again.
            if is_at(&file, path) {
                break file;
            }
        };
        // From here on, an error drops `pidfile`, which removes the file.
        let mut pidfile = Self { path: path.clone(), file };
        // Truncated only now: the PID of a living process must stay readable.
        pidfile
            .file
            .set_len(0)
            .and_then(|()| writeln!(pidfile.file, "{}", std::process::id()))
            .map_err(|error| failed("write", path, error))?;
        Ok(pidfile)
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // The file at the path may belong to another process by now, or be a device.
        let is_file = self.file.metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && is_at(&self.file, &self.path) {
            // A failure is ignored: the process is about to exit.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Opens the file without following a link, and without waiting for the reader of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.file_type().is_fifo() {
        return Err(Errno::INVAL.into());
    }
    Ok(file)
}

/// Whether the open file is the file at the path.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => identity(open) == identity(named),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn failed(verb: &str, path: &Path, error: io::Error) -> Error {
    Error::from(error).context(format!("Could not {verb} '{}'", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_at_the_path_is_not_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pid");
        let pidfile = Pidfile::create(&path).expect("it is not locked");
        std::fs::remove_file(&path).expect("it is there");
        std::fs::write(&path, "another").expect("it can be written");
        drop(pidfile);
        assert_eq!(std::fs::read_to_string(&path).expect("it is not removed"), "another");
    }
}
