//! The copy engine under a block job.

use std::future::Future;
use std::time::Duration;

use qapi_core::Result;

use super::{BlockJobHandle, OnError};
use crate::copy::{CopyControl, CopyError, ErrorAction, PointInTime, Side};
use crate::error::Error;

/// Copies a point in time, with the job's pauses, speed, progress and policy for errors.
///
/// # Errors
/// The job is cancelled, or a request failed and the policy is to report it.
pub async fn copy(
    job: BlockJobHandle<'_>,
    point_in_time: &PointInTime,
    on_error: OnError,
) -> Result<()> {
    let control = JobControl { job, on_error };
    let work = async {
        point_in_time.leave_out(&control).await?;
        job.job.set_remaining(point_in_time.outstanding());
        point_in_time.copy_rest(&control).await.map_err(|error| match error {
            CopyError::Stopped(stopped) => stopped,
            CopyError::Failed { error, .. } => error.into(),
        })
    };
    counting(job, point_in_time, work).await
}

/// Copies nothing but what writers are about to overwrite, until the job is cancelled.
///
/// # Errors
/// The job is cancelled.
pub async fn watch(job: BlockJobHandle<'_>, point_in_time: &PointInTime) -> Result<()> {
    let idle = async {
        loop {
            job.job.idle().await?;
        }
    };
    counting(job, point_in_time, idle).await
}

/// Does the work, and counts what is copied for writers meanwhile.
async fn counting(
    job: BlockJobHandle<'_>,
    point_in_time: &PointInTime,
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    // Until it is known how much of the source is in scope, it may be all.
    job.job.set_remaining(point_in_time.copier().size());
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            bytes = point_in_time.copied() => job.advance(bytes),
            result = &mut work => {
                if result.is_ok() {
                    job.job.set_remaining(0);
                }
                return result;
            }
        }
    }
}

/// A job as the copy engine sees it.
struct JobControl<'a> {
    job: BlockJobHandle<'a>,
    on_error: OnError,
}

impl CopyControl for JobControl<'_> {
    type Stop = qapi_core::Error;

    fn interrupted(&self) -> bool {
        let handle = self.job.job;
        handle.is_cancelled() || handle.job().pause_requested()
    }

    fn speed(&self) -> u64 {
        // The engine refuses negative speeds.
        self.job.job.speed().try_into().unwrap_or(0)
    }

    async fn rest(&self) -> Result<()> {
        Ok(self.job.job.throttle(0).await?)
    }

    async fn wait(&self, time: Duration) -> Result<()> {
        Ok(self.job.job.sleep(time).await?)
    }

    fn charge(&self, bytes: u64) {
        self.job.job.charge(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.job.advance(bytes);
    }

    fn on_error(&self, side: Side, error: &Error) -> ErrorAction {
        self.job.handle_error(self.on_error, side, error)
    }
}
