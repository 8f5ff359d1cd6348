//! A kind of job that QEMU does not have: it counts the lines of a file in the background.
//!
//! Clients start such a job with the command `line-count`. They watch, pause and cancel it with the
//! commands of `job.json`, which report a [`JobType`](job::JobType) of this crate. The example
//! `file-backup` shows speeds, error policies and transactions.

use std::fs::File;
use std::io::Read;

use job::{JobDriver, JobHandle, JobOptions, Jobs};
use qapi_core::prelude::*;
use qapi_core::{Error, Result};

/// The kind of job that this crate adds to those of QEMU. The vendor's prefix protects the name
/// from other vendors and from later releases of QEMU.
#[qapi_enum(extends = job::JobType)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineCountJobType {
    /// Counts the lines of a file.
    #[qapi(name = "__org.example_line-count")]
    LineCount,
}

/// Emitted when the lines of a file are counted, before the job concludes.
#[qapi_event(since = "1.0")]
pub struct LineCountCompleted {
    /// The job's identifier.
    pub id: String,
    /// The number of line ends.
    pub lines: u64,
}

/// Starts a job that counts the lines of a file. The job has to be dismissed.
///
/// # Errors
/// The file cannot be opened, or the identifier is malformed or in use.
#[qapi_command(since = "1.0")]
pub fn line_count(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] events: &Events,
    /// The job's identifier.
    job_id: &str,
    /// The file.
    filename: &str,
) -> Result<()> {
    let file = File::open(filename)
        .map_err(|error| Error::generic(format!("Could not open '{filename}': {error}")))?;
    let options = JobOptions::new(LineCountJobType::LineCount).id(job_id).auto_dismiss(false);
    jobs.create(options, LineCount { file, events: events.clone() }, None)?.start();
    Ok(())
}

/// The driver of the job.
struct LineCount {
    file: File,
    events: Events,
}

/// The bytes of one read. Between two reads the job can pause and be cancelled.
const CHUNK: usize = 1 << 20;

impl JobDriver for LineCount {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        job.set_remaining(self.file.metadata()?.len());
        let mut lines = 0;
        loop {
            job.pause_point().await?;
            // On another thread, because this thread serves all clients.
            let mut file = self.file.try_clone()?;
            let read = tokio::task::spawn_blocking(move || read_chunk(&mut file)).await;
            let chunk = read.map_err(|error| Error::generic(error.to_string()))??;
            if chunk.is_empty() {
                break;
            }
            lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            job.advance(chunk.len() as u64);
        }
        let id = job.id().unwrap_or_default().to_owned();
        self.events.emit(&LineCountCompleted { id, lines });
        Ok(())
    }
}

fn read_chunk(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK);
    file.take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}
