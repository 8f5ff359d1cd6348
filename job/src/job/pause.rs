//! Pauses for internal reasons.

use super::Job;
use crate::schema::JobStatus;

/// Pauses a job for an internal reason while this exists.
///
/// Clients do not see it as a pause of theirs, and cannot end it.
#[derive(Debug)]
#[must_use = "the pause ends when this is dropped"]
pub struct PauseGuard {
    job: Job,
}

impl PauseGuard {
    /// Waits until the job is paused, or is not at work at all.
    pub async fn paused(&self) {
        let is_paused = |status: JobStatus| status.is_paused() || !status.is_at_work();
        self.job.wait_until(|state| is_paused(state.status())).await;
    }
}

impl Drop for PauseGuard {
    fn drop(&mut self) {
        self.job.update(|job, effects| job.end_pause(effects));
    }
}

impl Job {
    /// Pauses the job at its next pause point for an internal reason. Pauses are counted: a job
    /// is paused while there is one.
    pub fn pause(&self) -> PauseGuard {
        self.update(|job, effects| job.begin_pause(effects));
        PauseGuard { job: self.clone() }
    }
}
