//! The file with the process's number.

use std::fs::{File, Metadata};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use qapi_core::{Error, Result};

/// The file with this process's number, locked for as long as this lives, and removed with it.
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
    file: Flock<File>,
}

impl Pidfile {
    /// Makes the file, or takes over one whose process is gone.
    ///
    /// # Errors
    /// The file cannot be made, or the process whose number it holds is alive.
    pub(super) fn create(path: &Path) -> Result<Self> {
        // A daemon changes its directory once it is ready.
        let path = &std::path::absolute(path).map_err(|error| failed("create", path, error))?;
        let file = loop {
            let file = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
                .map_err(|error| failed("create", path, error))?;
            let file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
                .map_err(|(_, errno)| failed("lock", path, errno.into()))?;
            // Otherwise its last owner removed it just before it was locked, and others may
            // already have made another.
            if is_at(&file, path) {
                break file;
            }
        };
        // From here on it is removed if something fails.
        let mut pidfile = Self { path: path.clone(), file };
        // Only now: the number of a process that is alive must stay readable.
        pidfile
            .file
            .set_len(0)
            .and_then(|()| writeln!(*pidfile.file, "{}", std::process::id()))
            .map_err(|error| failed("write", path, error))?;
        Ok(pidfile)
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // Nobody who follows the rules puts another file in place of a locked one; others' files
        // are not ours to remove.
        // Nor are devices, which somebody may have named.
        let is_file = self.file.metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && is_at(&self.file, &self.path) {
            // Nothing useful can be done about a failure: the daemon is going away.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Whether the open file is the one at the path.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => identity(open) == identity(named),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn failed(verb: &str, path: &Path, error: std::io::Error) -> Error {
    Error::from(error).context(format!("Could not {verb} '{}'", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_file_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pid");
        let pidfile = Pidfile::create(&path).expect("nobody has it");
        std::fs::remove_file(&path).expect("it is there");
        std::fs::write(&path, "another's").expect("it can be written");
        drop(pidfile);
        assert_eq!(std::fs::read_to_string(&path).expect("it is left alone"), "another's");
    }
}
