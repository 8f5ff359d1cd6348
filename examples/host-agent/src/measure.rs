//! A kind of job that measures the files in a folder.

use std::path::PathBuf;
use std::{fs, io};

use job::{JobDriver, JobHandle, JobOptions, Jobs};
use qapi_core::prelude::*;

/// The kind of job that this agent adds to those of QEMU.
#[qapi_enum(extends = job::JobType)]
#[derive(Clone, Copy)]
enum MeasureJobType {
    /// Measures the files in a folder.
    #[qapi(name = "__org.example_measure")]
    Measure,
}

/// Starts a job that measures the files in a folder. Its result has the members `files` and
/// `bytes`. The unit of its progress is a folder.
#[qapi_command(since = "1.0")]
fn folder_measure(
    #[qapi(state)] jobs: &Jobs,
    /// The identifier of the job.
    job_id: &str,
    /// The path of the folder.
    folder: PathBuf,
) -> qapi_core::Result<()> {
    let options = JobOptions::new(MeasureJobType::Measure).id(job_id).auto_dismiss(false);
    jobs.create(options, Measure(folder), None)?.start();
    Ok(())
}

/// A job that measures the files in this folder.
struct Measure(PathBuf);

impl JobDriver for Measure {
    async fn run(&self, job: &JobHandle) -> qapi_core::Result<()> {
        let mut pending = vec![self.0.clone()];
        let (mut files, mut bytes) = (0, 0);
        while let Some(folder) = pending.pop() {
            job.set_remaining(pending.len() as u64 + 1);
            job.throttle(1).await?;
            // On another thread, because this thread serves all clients.
            let read = tokio::task::spawn_blocking(move || read_folder(&folder));
            let (folders, sizes) = read.await??;
            files += sizes.len();
            bytes += sizes.iter().sum::<u64>();
            pending.extend(folders);
            job.advance(1);
        }
        job.set_result(serde_json::json!({ "files": files, "bytes": bytes }));
        Ok(())
    }
}

/// The folders in a folder, and the sizes of its files.
fn read_folder(folder: &PathBuf) -> io::Result<(Vec<PathBuf>, Vec<u64>)> {
    let (mut folders, mut sizes) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            folders.push(entry.path());
        } else {
            sizes.push(metadata.len());
        }
    }
    Ok((folders, sizes))
}
