//! The copy engine under a block job.

use std::time::Duration;

use qapi_core::Result;

use super::{BlockJobHandle, OnError};
use crate::copy::{Copier, CopyControl, CopyError, ErrorAction, Side};
use crate::error::Error;

/// Copies what is in scope, with the job's pauses, speed, progress and policy for errors.
///
/// # Errors
/// The job is cancelled, or a request failed and the policy is to report it.
pub async fn copy(job: BlockJobHandle<'_>, copier: &Copier, on_error: OnError) -> Result<()> {
    let control = JobControl { job, on_error };
    // Until it is known how much of the source is in scope, it may be all.
    job.job.set_remaining(copier.size());
    job.job.set_remaining(copier.total(&control).await?);
    copier.run(&control).await.map_err(|error| match error {
        CopyError::Stopped(stopped) => stopped,
        CopyError::Failed { error, .. } => error.into(),
    })
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
