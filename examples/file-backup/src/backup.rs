//! The work of a backup: a loop that copies the file in pieces, and the steps at its end.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use job::{JobDriver, JobHandle, JobOutcome};
use qapi_core::{Error, Events, Result};
use tokio::task::spawn_blocking;

use crate::schema::{
    FileBackup, FileBackupError, FileBackupErrorAction, FileBackupOnError, FileBackupOperation,
};

/// The bytes of one request. Between two requests the job can pause and be cancelled.
const CHUNK: u64 = 64 * 1024;

/// The time before an ignored request is repeated, so that a persistent error causes no busy loop.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// A backup: the driver of its job.
pub struct Backup {
    files: Arc<Files>,
    on_source_error: FileBackupOnError,
    on_target_error: FileBackupOnError,
    events: Events,
}

/// The two files, shared with the threads that read and write them.
struct Files {
    source: File,
    length: u64,
    target: NewFile,
}

/// A request that failed.
struct RequestError {
    operation: FileBackupOperation,
    error: io::Error,
}

impl Backup {
    /// Opens the source, and creates the target.
    ///
    /// # Errors
    /// The source cannot be opened, or the target cannot be created.
    pub fn open(backup: &FileBackup, events: &Events) -> Result<Self> {
        let fail = |verb: &str, name: &str| {
            let place = format!("Could not {verb} '{name}'");
            move |error: io::Error| Error::generic(format!("{place}: {error}"))
        };
        let source = File::open(&backup.source).map_err(fail("open", &backup.source))?;
        let length = source.metadata().map_err(fail("open", &backup.source))?.len();
        let target = NewFile::create(&backup.target).map_err(fail("create", &backup.target))?;
        Ok(Self {
            files: Arc::new(Files { source, length, target }),
            on_source_error: backup.on_source_error.unwrap_or(FileBackupOnError::Report),
            on_target_error: backup.on_target_error.unwrap_or(FileBackupOnError::Report),
            events: events.clone(),
        })
    }

    /// Copies a piece on another thread, because this thread serves all clients.
    async fn copy(&self, offset: u64, length: u64) -> Result<(), RequestError> {
        let files = Arc::clone(&self.files);
        let copied = spawn_blocking(move || files.copy(offset, length)).await;
        copied.unwrap_or_else(|panic| {
            let error = io::Error::other(panic);
            Err(RequestError { operation: FileBackupOperation::Read, error })
        })
    }

    /// Applies the policy for errors. The caller then repeats the request.
    ///
    /// # Errors
    /// The policy is to fail, or the job is cancelled.
    async fn handle_error(&self, job: &JobHandle, failed: RequestError) -> Result<()> {
        let RequestError { operation, error } = failed;
        let policy = match operation {
            FileBackupOperation::Read => self.on_source_error,
            FileBackupOperation::Write => self.on_target_error,
        };
        let action = policy.action(&error);
        let id = job.id().unwrap_or_default().to_owned();
        self.events.emit(&FileBackupError { id, operation, action });
        match action {
            FileBackupErrorAction::Report => return Err(error.into()),
            FileBackupErrorAction::Ignore => job.sleep(RETRY_DELAY).await?,
            // Takes effect at the next pause point.
            FileBackupErrorAction::Stop => job.pause_for_error(),
        }
        Ok(())
    }
}

impl JobDriver for Backup {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        let length = self.files.length;
        job.set_remaining(length);
        let mut offset = 0;
        while offset < length {
            let size = CHUNK.min(length - offset);
            // The pause point of the loop: the job pauses here, and a cancel ends the loop here.
            job.throttle(size).await?;
            match self.copy(offset, size).await {
                Ok(()) => {
                    offset += size;
                    job.advance(size);
                }
                Err(failed) => self.handle_error(job, failed).await?,
            }
        }
        Ok(())
    }

    /// Writes the copy to the disk. This is the last step that may fail: after it, the whole
    /// transaction succeeds.
    async fn prepare(&self, _job: &JobHandle) -> Result<()> {
        let files = Arc::clone(&self.files);
        let synced = spawn_blocking(move || files.target.file.sync_all()).await;
        Ok(synced.unwrap_or_else(|panic| Err(io::Error::other(panic)))?)
    }

    async fn clean(&self, _job: &JobHandle, outcome: JobOutcome) {
        match outcome {
            JobOutcome::Success => self.files.target.persist(),
            JobOutcome::Failure => {
                let files = Arc::clone(&self.files);
                // An error here is not reported: the job has failed already.
                let _ = spawn_blocking(move || files.target.remove()).await;
            }
        }
    }
}

impl FileBackupOnError {
    /// The action of this policy after an error.
    pub fn action(self, error: &io::Error) -> FileBackupErrorAction {
        match self {
            Self::Report => FileBackupErrorAction::Report,
            Self::Ignore => FileBackupErrorAction::Ignore,
            Self::Stop => FileBackupErrorAction::Stop,
            Self::Enospc if error.kind() == io::ErrorKind::StorageFull => {
                FileBackupErrorAction::Stop
            }
            Self::Enospc => FileBackupErrorAction::Report,
        }
    }
}

impl Files {
    fn copy(&self, offset: u64, length: u64) -> Result<(), RequestError> {
        let fail = |operation| move |error| RequestError { operation, error };
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.source.read_exact_at(&mut bytes, offset).map_err(fail(FileBackupOperation::Read))?;
        self.target.file.write_all_at(&bytes, offset).map_err(fail(FileBackupOperation::Write))
    }
}

/// A new file, which its drop removes unless it is persisted. So a job that is taken back leaves no
/// file, although none of its hooks is called.
struct NewFile {
    path: PathBuf,
    file: File,
    /// Whether the file is persisted or removed.
    is_final: AtomicBool,
}

impl NewFile {
    fn create(path: &str) -> io::Result<Self> {
        let file = File::create_new(path)?;
        Ok(Self { path: path.into(), file, is_final: AtomicBool::new(false) })
    }

    fn persist(&self) {
        self.is_final.store(true, Ordering::Relaxed);
    }

    fn remove(&self) {
        if !self.is_final.swap(true, Ordering::Relaxed) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        self.remove();
    }
}
