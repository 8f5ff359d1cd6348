//! The options and the errors of a journal.

use std::io;
use std::path::PathBuf;

/// When records reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sync {
    /// Before the job is concluded. Records that arrive meanwhile share the next flush.
    #[default]
    EachRecord,
    /// When the system writes them.
    Later,
}

/// The limits of a journal, and its way to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct JournalOptions {
    pub(super) records: u64,
    pub(super) result_bytes: usize,
    pub(super) sync: Sync,
}

impl Default for JournalOptions {
    /// 1,000 records, results of 64 KiB, and [`Sync::EachRecord`].
    fn default() -> Self {
        Self { records: 1000, result_bytes: 64 << 10, sync: Sync::default() }
    }
}

impl JournalOptions {
    /// Sets the number of records. The oldest one is removed for a record beyond the limit.
    pub fn records(self, records: u64) -> Self {
        Self { records, ..self }
    }

    /// Sets the size of a result, in bytes of JSON. A larger result is left out of its record.
    pub fn result_bytes(self, result_bytes: usize) -> Self {
        Self { result_bytes, ..self }
    }

    /// Sets when records reach the disk.
    pub fn sync(self, sync: Sync) -> Self {
        Self { sync, ..self }
    }
}

/// An error of a journal.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// The file is open in this or another program.
    InUse(PathBuf),
    /// The file cannot be opened, created, read or moved.
    Io(PathBuf, io::Error),
    /// The content of the file is damaged. The text is that of the store.
    Damaged(PathBuf, String),
}

impl std::fmt::Display for JournalError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InUse(path) => write!(out, "the journal '{}' is in use", path.display()),
            Self::Io(path, error) => write!(out, "the journal '{}': {error}", path.display()),
            Self::Damaged(path, text) => {
                write!(out, "the journal '{}' is damaged: {text}", path.display())
            }
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            Self::InUse(_) | Self::Damaged(..) => None,
        }
    }
}
