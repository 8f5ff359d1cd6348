//! The commands of `job.json`: the one file that knows QMP. Clients execute each by the struct of
//! its name (see [`qapi_core::client`]).

use qapi_core::{Result, qapi_command};

use crate::job::JobInfo;
use crate::jobs::Jobs;

/// Pauses a job.
///
/// The reply comes as soon as the job is asked; it rests when it next can, and is then `paused`,
/// or `standby` if it was ready. Cancelling a paused job resumes it.
///
/// # Errors
/// A job that is paused already cannot be paused again.
#[qapi_command(since = "3.0", client)]
pub fn job_pause(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    jobs.get(id)?.user_pause()
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
    let job = jobs.get(id)?;
    job.user_resume()?;
    job.settled().await;
    Ok(())
}

/// Cancels a job by force, as soon as it can stop.
///
/// The job is then `aborting` and `concluded`; one whose work was over before it noticed may
/// still succeed.
#[qapi_command(since = "3.0", client)]
pub async fn job_cancel(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = jobs.get(id)?;
    job.user_cancel(true)?;
    job.at_rest().await;
    Ok(())
}

/// Has a job that is `ready` finish.
#[qapi_command(since = "3.0", client)]
pub fn job_complete(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    jobs.get(id)?.complete()
}

/// Forgets a job that is `concluded`; needed for jobs that do not dismiss themselves.
#[qapi_command(since = "3.0", client)]
pub async fn job_dismiss(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
) -> Result<()> {
    let job = jobs.get(id)?;
    job.dismiss()?;
    job.settled().await;
    Ok(())
}

/// Makes final what a `pending` job and all others of its transaction have done; needed for jobs
/// that do not finalize themselves.
#[qapi_command(since = "3.0", client)]
pub async fn job_finalize(
    #[qapi(state)] jobs: &Jobs,
    /// The identifier of any member of the transaction, or of a job on its own.
    id: &str,
) -> Result<()> {
    let job = jobs.get(id)?;
    job.finalize()?;
    job.settled().await;
    Ok(())
}

/// Tells of all jobs, the newest first.
///
/// # Returns
/// One entry for each job that has an identifier.
#[qapi_command(since = "3.0", client)]
pub fn query_jobs(#[qapi(state)] jobs: &Jobs) -> Vec<JobInfo> {
    jobs.query()
}
