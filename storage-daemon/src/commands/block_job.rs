//! `block-job-*` and `query-block-jobs`: QEMU's older commands for block jobs. The commands of
//! `job.json` act on the same jobs.

use job::{CancelMode, Job, JobType, JobVerb, Jobs, Speed};
use qapi_core::{Result, qapi_command};

use crate::block_job::{self, BlockJob};
use crate::messages;
use crate::schema::block_job::{
    BlockJobChangeOptions, BlockJobInfo, BlockJobInfoMirror, BlockJobInfoType,
};

/// Sets the rate limit of a block job.
///
/// # Errors
/// There is no such job, the job's status forbids the command, or the speed is negative.
#[qapi_command(since = "1.1", client, allow_preconfig)]
pub async fn block_job_set_speed(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
    /// The limit in bytes per second; 0 means no limit.
    speed: i64,
) -> Result<()> {
    let job = block_job::find_after_completion(jobs, device).await?;
    // As in QEMU, an error of the status precedes an error of the speed.
    job.apply_verb(JobVerb::SetSpeed)?;
    job.set_speed(Speed::try_from(speed)?)
}

/// Cancels a block job.
///
/// Without `force`, a mirror that is `ready` ends successfully.
///
/// # Errors
/// There is no such job, the job's status forbids the command, or the job is paused and `force` is
/// not set.
#[qapi_command(since = "1.1", allow_preconfig)]
pub async fn block_job_cancel(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
    /// Whether to cancel the job even if the job is paused or ready; `false` by default.
    #[qapi(since = "1.3")]
    force: Option<bool>,
) -> Result<()> {
    let force = force.unwrap_or(false);
    let job = block_job::find_after_completion(jobs, device).await?;
    if job.user_paused() && !force {
        return Err(messages::block_job_paused(device));
    }
    job.user_cancel(if force { CancelMode::Force } else { CancelMode::Soft })?;
    job.idle().await;
    Ok(())
}

/// Pauses a block job.
///
/// # Errors
/// There is no such job, the job's status forbids the command, or the job is paused already.
#[qapi_command(since = "1.3", allow_preconfig)]
pub async fn block_job_pause(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
) -> Result<()> {
    block_job::find_after_completion(jobs, device).await?.user_pause()
}

/// Resumes a block job that was paused by a client or stopped by an error.
///
/// # Errors
/// There is no such job, the job's status forbids the command, or the job is not paused.
#[qapi_command(since = "1.3", allow_preconfig)]
pub async fn block_job_resume(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
) -> Result<()> {
    let job = block_job::find_after_completion(jobs, device).await?;
    job.user_resume()?;
    job.drained().await;
    Ok(())
}

/// Completes a block job that is `ready`.
///
/// # Errors
/// There is no such job, or the job's status forbids the command.
#[qapi_command(since = "1.3", allow_preconfig)]
pub async fn block_job_complete(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    device: &str,
) -> Result<()> {
    block_job::find_after_completion(jobs, device).await?.complete()
}

/// Removes a block job that is `concluded`.
///
/// # Errors
/// There is no such job, or the job's status forbids the command.
#[qapi_command(since = "2.12", allow_preconfig)]
pub async fn block_job_dismiss(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = block_job::find_after_completion(jobs, id).await?;
    job.dismiss()?;
    job.drained().await;
    Ok(())
}

/// Finalizes a block job that is `pending`, with all jobs of its transaction.
///
/// # Errors
/// There is no such job, or the job's status forbids the command.
#[qapi_command(since = "2.12", allow_preconfig)]
pub async fn block_job_finalize(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = block_job::find_after_completion(jobs, id).await?;
    job.finalize()?;
    job.drained().await;
    Ok(())
}

/// Lists all block jobs, the newest first.
#[qapi_command(since = "1.1", allow_preconfig)]
pub async fn query_block_jobs(#[qapi(state)] jobs: &Jobs) -> Vec<BlockJobInfo> {
    jobs.completed().await;
    let info = |job: &Job| block_job_info(job, &*job.driver::<BlockJob>()?);
    jobs.list().iter().filter_map(info).collect()
}

/// Changes options of a running block job.
///
/// # Errors
/// There is no such job, the job's status forbids the command, or this kind of job has no options
/// that can be changed.
#[qapi_command(since = "8.2", boxed)]
pub async fn block_job_change(
    #[qapi(state)] jobs: &Jobs,
    options: BlockJobChangeOptions,
) -> Result<()> {
    block_job::find_after_completion(jobs, &options.id).await?.change(&options.job_type)
}

/// The properties of a block job; `None` for an internal job, which has no identifier.
fn block_job_info(job: &Job, block_job: &BlockJob) -> Option<BlockJobInfo> {
    let progress = job.progress();
    Some(BlockJobInfo {
        job_type: info_type(job.job_type(), block_job.actively_synced()),
        device: job.id()?.to_owned(),
        len: progress.total.cast_signed(),
        offset: progress.current.cast_signed(),
        busy: job.is_busy(),
        paused: job.pause_requested(),
        speed: job.speed().into(),
        io_status: block_job.io_status(),
        ready: job.is_ready(),
        status: job.status(),
        auto_finalize: job.auto_finalize(),
        auto_dismiss: job.auto_dismiss(),
        error: job.error().map(|error| error.desc().to_owned()),
    })
}

fn info_type(job_type: JobType, actively_synced: bool) -> BlockJobInfoType {
    match job_type {
        JobType::Commit => BlockJobInfoType::Commit,
        JobType::Stream => BlockJobInfoType::Stream,
        JobType::Mirror => BlockJobInfoType::Mirror(BlockJobInfoMirror { actively_synced }),
        JobType::Backup => BlockJobInfoType::Backup,
        JobType::Create => BlockJobInfoType::Create,
        JobType::Amend => BlockJobInfoType::Amend,
        JobType::SnapshotLoad => BlockJobInfoType::SnapshotLoad,
        JobType::SnapshotSave => BlockJobInfoType::SnapshotSave,
        JobType::SnapshotDelete => BlockJobInfoType::SnapshotDelete,
        JobType::Other(other) => BlockJobInfoType::Other(other),
    }
}
