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

mod options;
mod store;
mod writer;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

pub use options::{JournalError, JournalOptions, Sync};

use crate::record::{JobRecord, JobRecorder};
use store::Store;
use writer::Writer;

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
