//! A journal: the records of jobs that ended, in a file that survives a restart and a crash.
//!
//! ```
//! # type Result = std::result::Result<(), Box<dyn std::error::Error>>;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result {
//! use job::journal::{Journal, JournalOptions};
//! use job::{JobDriver, JobHandle, JobOptions, JobStatusChange, JobType, Jobs};
//!
//! struct Measure;
//!
//! impl JobDriver for Measure {
//!     async fn run(&self, job: &JobHandle) -> qapi_core::Result<()> {
//!         job.set_result(serde_json::json!({"bytes": 512}));
//!         Ok(())
//!     }
//! }
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("jobs.redb");
//! let journal = Journal::open(&path, JournalOptions::default())?;
//! let sink = |_: &JobStatusChange| {};
//! let jobs = Jobs::with_recorder(sink, journal.clone());
//! let options = JobOptions::new(JobType::Create).id("m0");
//! jobs.create(options, Measure, None)?.start().concluded().await?;
//! assert_eq!(journal.history(10)?[0].result, Some(serde_json::json!({"bytes": 512})));
//! # Ok(()) }
//! ```
//!
//! A server serves the journal to clients with
//! [`extensions::history_registrations`](crate::extensions::history_registrations).
//!
//! # What the journal promises
//!
//! - With [`Sync::EachRecord`], the record of a job is on the disk before the job is `concluded`,
//!   and so before a client learns of its end. With [`Sync::Later`], a crash of the system can lose
//!   the last records; a crash of the program alone cannot.
//! - The file stays readable whenever the program or the system stops.
//! - Records are written by a thread of the journal. Neither a slow disk nor a full one delays
//!   other jobs and clients. If a record cannot be written, the error is logged, and the job ends
//!   without it.
//! - The number of records and the size of a result are bounded: see [`JournalOptions`].
//! - A damaged file does not prevent the start: see [`Journal::open`].
//!
//! # The store
//!
//! The file is a database of the crate `redb`: a tree whose pages are copied on write, with
//! checksums. A commit replaces one root by another. It is written in Rust without dependencies,
//! has a stable file format, is maintained, and recovers without a log to replay. SQLite would add
//! a C library, `sled` has no stable format, and the databases that merge sorted files run threads
//! of their own for a load that jobs never cause.

mod store;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use crate::record::{JobRecord, JobRecorder};
use store::Store;
use writer::Writer;

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
    records: u64,
    result_bytes: usize,
    sync: Sync,
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

/// A journal of jobs that ended. Clones are handles to the same journal.
#[derive(Debug, Clone)]
pub struct Journal {
    store: Arc<Store>,
    writer: Arc<Writer>,
    moved_aside: Option<PathBuf>,
}

impl Journal {
    /// Opens a journal, or creates the file. Reads the whole file, and blocks meanwhile.
    ///
    /// A damaged file is renamed, to its name with `.damaged` and a number appended, and logged as
    /// an error. The journal then begins with no records: see [`moved_aside`](Self::moved_aside).
    ///
    /// # Errors
    /// [`JournalError::InUse`]; [`JournalError::Io`] if the file or its folder cannot be used. A
    /// program may then start without a journal.
    pub fn open(path: impl AsRef<Path>, options: JournalOptions) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let mut moved_aside = None;
        let store = match Store::open(path, options) {
            Err(JournalError::Damaged(_, reason)) => {
                let moved = move_aside(path)?;
                tracing::error!(
                    path = %path.display(), moved = %moved.display(), reason,
                    "the journal of jobs is damaged and has been moved"
                );
                moved_aside = Some(moved);
                Store::open(path, options)?
            }
            opened => opened?,
        };
        let store = Arc::new(store);
        let writer = Writer::start(Arc::clone(&store))
            .map_err(|error| JournalError::Io(path.to_owned(), error))?;
        Ok(Self { store, writer: Arc::new(writer), moved_aside })
    }

    /// The new name of the damaged file that was found when the journal was opened.
    pub fn moved_aside(&self) -> Option<&Path> {
        self.moved_aside.as_deref()
    }

    /// The last records, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError::Io`] and [`JournalError::Damaged`].
    pub fn history(&self, limit: usize) -> Result<Vec<JobRecord>, JournalError> {
        self.store.read(limit)
    }
}

impl JobRecorder for Journal {
    fn record(&self, record: JobRecord) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let stored = self.writer.send(record);
        // Without an answer the thread has ended, which it has logged.
        Box::pin(async move { drop(stored.await) })
    }
}

/// Renames a damaged file to a name that is free.
fn move_aside(path: &Path) -> Result<PathBuf, JournalError> {
    let failed = |error| JournalError::Io(path.to_owned(), error);
    let mut number = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged{number}"));
        let name = PathBuf::from(name);
        if !name.try_exists().map_err(failed)? {
            std::fs::rename(path, &name).map_err(failed)?;
            return Ok(name);
        }
        number += 1;
    }
}
