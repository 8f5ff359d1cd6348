//! The file with the process's number.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use qapi_core::{Error, Result};

/// The file with this process's number, locked for as long as this lives, and removed with it.
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
    _file: Flock<File>,
}

impl Pidfile {
    /// Makes the file, or takes over one whose process is gone.
    ///
    /// # Errors
    /// The file cannot be made, or the process whose number it holds is alive.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| failed("create", path, error))?;
        let mut file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, errno)| failed("lock", path, errno.into()))?;
        // Only now: the number of a process that is alive must stay readable.
        file.set_len(0)
            .and_then(|()| writeln!(*file, "{}", std::process::id()))
            .map_err(|error| failed("write", path, error))?;
        // A daemon changes its directory once it is ready.
        let path = std::path::absolute(path).map_err(|error| failed("create", path, error))?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // Nothing useful can be done about a failure: the daemon is going away.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn failed(verb: &str, path: &Path, error: std::io::Error) -> Error {
    Error::from(error).context(format!("Could not {verb} '{}'", path.display()))
}
