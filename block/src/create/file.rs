//! Creation of files of the host.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::image::locks::ByteLocks;
use crate::image::permissions::{Access, Permissions};
use crate::image::storage::Preallocation;
use crate::options::OnOffAuto;

/// The mode of a new file before the umask: readable by all, writable by the owner.
const MODE: u32 = 0o644;
/// The buffer from which zeroes are written.
const ZEROES: &[u8] = &[0; 1 << 20];

/// The options of a new file: `BlockdevCreateOptionsFile` of QAPI.
#[derive(Clone, Debug)]
pub struct FileCreate {
    /// The path.
    pub filename: String,
    /// The size in bytes.
    pub size: u64,
    /// The preallocation.
    pub preallocation: Preallocation,
}

impl FileCreate {
    /// Creates the file or empties an existing one, and sets its size.
    ///
    /// Blocks. [`Preallocation::Full`] may take long, and ends early once `cancelled` is true.
    ///
    /// # Errors
    /// [`Error::While`] with the failed step; [`Error::ImageLocked`] for an image in use;
    /// [`Error::InvalidOption`] for [`Preallocation::Metadata`].
    pub fn create(&self, cancelled: &AtomicBool) -> Result<()> {
        let mut options = File::options();
        options.read(true).write(true).create(true).mode(MODE);
        let what = || format!("Could not create '{}'", self.filename);
        let opened = options.open(&self.filename).map(Arc::new);
        let file = opened.map_err(|source| Error::While { what: what(), source })?;
        let mut locks = ByteLocks::new(Arc::clone(&file), OnOffAuto::Auto)
            .map_err(|source| Error::While { what: what(), source })?;
        let takes = Permissions::WRITE | Permissions::RESIZE;
        let shares = Permissions::all() - Permissions::RESIZE;
        locks.change(Access { takes, shares })?;
        resize(&file, 0)?;
        self.allocate(&file, cancelled)
    }

    fn allocate(&self, file: &File, cancelled: &AtomicBool) -> Result<()> {
        match self.preallocation {
            Preallocation::Off => resize(file, self.size),
            Preallocation::Falloc => {
                if i64::try_from(self.size).is_err() {
                    return Err(too_large());
                }
                // The system call `fallocate` refuses a length of 0.
                if self.size == 0 {
                    return Ok(());
                }
                fallocate(file, FallocateFlags::empty(), 0, self.size).map_err(|errno| {
                    Error::While {
                        what: "Could not preallocate new data".into(),
                        source: errno.into(),
                    }
                })
            }
            Preallocation::Full => {
                resize(file, self.size)?;
                write_zeroes(file, self.size, cancelled).map_err(|source| Error::While {
                    what: "Could not write zeros for preallocation".into(),
                    source,
                })
            }
            Preallocation::Metadata => Err(Error::InvalidOption(format!(
                "Unsupported preallocation mode: {}",
                self.preallocation.name()
            ))),
        }
    }
}

fn resize(file: &File, size: u64) -> Result<()> {
    file.set_len(size)
        .map_err(|source| Error::While { what: "Could not resize file".into(), source })
}

fn too_large() -> Error {
    Error::While { what: "Could not resize file".into(), source: Errno::FBIG.into() }
}

fn write_zeroes(mut file: &File, size: u64, cancelled: &AtomicBool) -> io::Result<()> {
    let mut left = size;
    while left > 0 {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Errno::CANCELED.into());
        }
        let length = left.min(ZEROES.len() as u64);
        file.write_all(&ZEROES[..length as usize])?;
        left -= length;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_creation_writes_no_further() {
        let folder = tempfile::tempdir().expect("a folder");
        let filename = folder.path().join("image").to_str().expect("text").to_owned();
        let preallocation = Preallocation::Full;
        // More than any disk has.
        let image = FileCreate { filename, size: 1 << 42, preallocation };
        let error = image.create(&AtomicBool::new(true)).expect_err("it is cancelled");
        let expected = "Could not write zeros for preallocation: Operation canceled";
        assert_eq!(error.to_string(), expected);
    }
}
