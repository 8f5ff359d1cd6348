//! The commands of QAPI's schema file `job.json`. The types of that file stand in `schema.rs`.
//!
//! Clients execute each command by the struct of its name (see `qapi_core::client`).

use qapi_core::{Result, qapi_command};

use crate::job::Job;
use crate::jobs::Jobs;
use crate::options::CancelMode;
use crate::schema::JobInfo;

/// Pauses a job.
///
/// The reply is sent at once. The job pauses as soon as it can, and is then `paused`, or `standby`
/// if it was ready. Cancelling a paused job resumes it.
///
/// # Errors
/// A job that is paused already cannot be paused again.
#[qapi_command(since = "3.0", client)]
pub async fn job_pause(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    find(jobs, id).await?.user_pause()
}

/// Resumes a paused job.
///
/// # Errors
/// A job that is not paused cannot be resumed.
#[qapi_command(since = "3.0", client)]
pub async fn job_resume(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = find(jobs, id).await?;
    job.user_resume()?;
    job.drained().await;
    Ok(())
}

/// Cancels a job by force. The job stops as soon as it can.
///
/// The job is then `aborting` and `concluded`. A job that has done its work before it notices the
/// cancel may still succeed.
#[qapi_command(since = "3.0", client)]
pub async fn job_cancel(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = find(jobs, id).await?;
    job.user_cancel(CancelMode::Force)?;
    job.idle().await;
    Ok(())
}

/// Finishes a job that is `ready`.
#[qapi_command(since = "3.0", client)]
pub async fn job_complete(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    find(jobs, id).await?.complete()
}

/// Removes a job that is `concluded`; needed for jobs that are not dismissed automatically.
#[qapi_command(since = "3.0", client)]
pub async fn job_dismiss(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = find(jobs, id).await?;
    job.dismiss()?;
    job.drained().await;
    Ok(())
}

/// Makes the results of a `pending` job and of all other jobs of its transaction final; needed for
/// jobs that are not finalized automatically.
#[qapi_command(since = "3.0", client)]
pub async fn job_finalize(
    #[qapi(state)] jobs: &Jobs,
    /// The identifier of any member of the transaction, or of a job on its own.
    id: &str,
) -> Result<()> {
    let job = find(jobs, id).await?;
    job.finalize()?;
    job.drained().await;
    Ok(())
}

/// Returns information about all jobs, the newest first.
///
/// # Returns
/// One entry for each job that has an identifier.
#[qapi_command(since = "3.0", client)]
pub async fn query_jobs(#[qapi(state)] jobs: &Jobs) -> Vec<JobInfo> {
    jobs.completed().await;
    jobs.query()
}

/// Finds a job. A job that a client has completed or softly cancelled ends first.
async fn find(jobs: &Jobs, id: &str) -> Result<Job> {
    if let Some(job) = jobs.find(id) {
        job.completed().await;
    }
    jobs.get(id)
}
