//! Pauses. They are counted; a job rests while anyone wants it to.

use crate::driver::JobNotification;
use crate::job::{Job, State};
use crate::state::JobStatus;

/// An internal reason for a job to rest, which ends when this is dropped.
///
/// Clients neither see it as a pause of theirs nor can end it.
#[derive(Debug)]
#[must_use = "the pause ends when this is dropped"]
pub struct InternalPause {
    job: Job,
}

impl InternalPause {
    /// Waits until the job rests, or is not at work at all.
    pub async fn settled(&self) {
        self.job.wait_until(|state| state.status.is_paused() || !state.status.is_at_work()).await;
    }
}

impl Drop for InternalPause {
    fn drop(&mut self) {
        self.job.update(|state| self.job.end_one_pause(state));
    }
}

impl Job {
    /// Makes the job rest at its next pause point for an internal reason.
    pub fn pause(&self) -> InternalPause {
        self.update(|state| state.pause_count += 1);
        self.enter();
        InternalPause { job: self.clone() }
    }

    /// Wakes the driver if it sleeps or idles. A job that rests in a pause goes on resting.
    pub(crate) fn enter(&self) {
        self.inner().wakeup.wake();
    }

    /// One reason less to rest. The last one gone, the job goes on: at once, not when its driver
    /// is next polled, so that a client sees it before the reply to its command.
    pub(crate) fn end_one_pause(&self, state: &mut State) {
        state.pause_count = state.pause_count.saturating_sub(1);
        if state.pause_count == 0 {
            self.leave_pause(state);
        }
    }

    /// Goes back to where the job was before it rested.
    pub(crate) fn leave_pause(&self, state: &mut State) {
        match state.status {
            JobStatus::Paused => {
                self.move_to(state, JobStatus::Running);
                if std::mem::take(&mut state.ready_after_pause) {
                    self.become_ready(state);
                }
            }
            JobStatus::Standby => self.move_to(state, JobStatus::Ready),
            JobStatus::Undefined
            | JobStatus::Created
            | JobStatus::Running
            | JobStatus::Ready
            | JobStatus::Waiting
            | JobStatus::Pending
            | JobStatus::Aborting
            | JobStatus::Concluded
            | JobStatus::Null => {}
        }
    }

    pub(crate) fn become_ready(&self, state: &mut State) {
        self.move_to(state, JobStatus::Ready);
        self.announce(JobNotification::Ready);
    }
}
