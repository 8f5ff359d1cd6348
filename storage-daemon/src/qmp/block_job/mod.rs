//! The verbs of block jobs, what is told of them, and their events.
//!
//! They are older than those of `job.json`, and act on the same jobs where those copy data between
//! nodes.

mod change;
pub mod events;
pub mod info;

pub use change::{
    BlockJobChange, BlockJobChangeOptions, BlockJobChangeOptionsMirror, MirrorCopyMode,
    block_job_change,
};

use job::Jobs;
use qapi_core::{Error, Result, qapi_command};

use crate::block_job::{self, BlockJob};
use info::BlockJobInfo;

/// Limits the rate of a block job.
///
/// # Errors
/// There is no such job, its state forbids it, or the speed is negative.
#[qapi_command(since = "1.1", client, allow_preconfig)]
pub fn block_job_set_speed(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
    /// The limit in bytes a second; 0 is none.
    speed: i64,
) -> Result<()> {
    block_job::find(jobs, device)?.set_speed(speed)
}

/// Cancels a block job as soon as it can stop.
///
/// A job that is `ready` ends without error where `force` is not set.
///
/// # Errors
/// There is no such job, its state forbids it, or it is paused and `force` is not set.
#[qapi_command(since = "1.1", allow_preconfig)]
pub async fn block_job_cancel(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
    /// Whether to cancel a job that is paused, and to give up the work of one that is `ready`; not
    /// done unless said so.
    #[qapi(since = "1.3")]
    force: Option<bool>,
) -> Result<()> {
    let force = force.unwrap_or(false);
    let job = block_job::find(jobs, device)?;
    if job.user_paused() && !force {
        return Err(Error::generic(format!(
            "The block job for device '{device}' is currently paused"
        )));
    }
    job.user_cancel(force)?;
    job.at_rest().await;
    Ok(())
}

/// Pauses a block job.
///
/// # Errors
/// There is no such job, its state forbids it, or it is paused already.
#[qapi_command(since = "1.3", allow_preconfig)]
pub fn block_job_pause(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
) -> Result<()> {
    block_job::find(jobs, device)?.user_pause()
}

/// Resumes a block job that was paused by a client or stopped by an error.
///
/// # Errors
/// There is no such job, its state forbids it, or it is not paused.
#[qapi_command(since = "1.3", allow_preconfig)]
pub async fn block_job_resume(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
) -> Result<()> {
    let job = block_job::find(jobs, device)?;
    job.user_resume()?;
    job.settled().await;
    Ok(())
}

/// Has a block job that is `ready` finish.
///
/// # Errors
/// There is no such job, or its state forbids it.
#[qapi_command(since = "1.3", allow_preconfig)]
pub fn block_job_complete(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
) -> Result<()> {
    block_job::find(jobs, device)?.complete()
}

/// Forgets a block job that is `concluded`.
///
/// # Errors
/// There is no such job, or its state forbids it.
#[qapi_command(since = "2.12", allow_preconfig)]
pub async fn block_job_dismiss(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = block_job::find(jobs, id)?;
    job.dismiss()?;
    job.settled().await;
    Ok(())
}

/// Makes final what a block job that is `pending` has done, with all others of its transaction.
///
/// # Errors
/// There is no such job, or its state forbids it.
#[qapi_command(since = "2.12", allow_preconfig)]
pub async fn block_job_finalize(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = block_job::find(jobs, id)?;
    job.finalize()?;
    job.settled().await;
    Ok(())
}

/// Tells of all block jobs, the newest first.
#[qapi_command(since = "1.1", allow_preconfig)]
pub fn query_block_jobs(#[qapi(state)] jobs: &Jobs) -> Vec<BlockJobInfo> {
    let info = |job: &job::Job| BlockJobInfo::new(job, &*job.driver::<BlockJob>()?);
    jobs.list().iter().filter_map(info).collect()
}
