//! Draining the other block jobs when one is finalized or dismissed.
//!
//! QEMU changes its graph at these moments, and drains the graph first. A client may rely on two
//! consequences when it receives the reply:
//!
//! - The requests that other block jobs had in flight are complete.
//! - A short copy that ran at the same time has ended, and all its events are sent.

use std::sync::atomic::Ordering;

use block::copy::{REQUEST_MAX, REQUESTS_IN_FLIGHT};
use job::{Job, JobStatus};

use super::BlockJob;

/// The number of bytes that a job has in flight at most.
const IN_FLIGHT_MAX: u64 = REQUESTS_IN_FLIGHT as u64 * REQUEST_MAX;

/// Waits until the requests that the other block jobs of the engine have in flight are complete.
///
/// While a disk hangs, this delays the reply to one client. (QEMU's monitor hangs as a whole.)
/// Other clients and out-of-band commands are served meanwhile.
pub(super) async fn drain_others(ended: &Job) {
    let Some(jobs) = ended.engine() else { return };
    // All targets are computed before the first wait, so that the waits do not add up.
    let targets = jobs.list().into_iter().map(|job| {
        let target = job.progress().current.saturating_add(IN_FLIGHT_MAX);
        (job, target)
    });
    for (job, target) in targets.collect::<Vec<_>>() {
        if let Some(block_job) = job.driver::<BlockJob>()
            && is_copying(&job)
        {
            tokio::select! {
                () = block_job.progress_reaches(&job, target) => {}
                () = job.not_busy() => {}
            }
        }
        // A job that is about to end must have ended when the drain returns.
        job.idle().await;
    }
}

impl BlockJob {
    /// Waits until the job's progress reaches `target`, or a request fails: a job with errors may
    /// never reach the target.
    async fn progress_reaches(&self, job: &Job, target: u64) {
        self.wait_until(|| {
            self.last_request_failed.load(Ordering::Relaxed) || job.progress().current >= target
        })
        .await;
    }
}

/// Whether the job issues requests without interruption. A job with a rate limit sleeps most of the
/// time.
fn is_copying(job: &Job) -> bool {
    job.status() == JobStatus::Running && !job.pause_requested() && job.speed().is_unlimited()
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use job::Jobs;

    use super::*;
    use crate::block_job::testing::{Action, run_other_tasks, scripted_job};

    /// Drains another job, which does `before` first and then one action after the other. Returns
    /// whether the drain waits: at the beginning, and after each action.
    async fn waits(speed: u64, before: Option<Action>, actions: Vec<Action>) -> Vec<bool> {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        let (ended, _sender) = scripted_job(&jobs, "ended", 0);
        let (other, sender) = scripted_job(&jobs, "other", speed);
        let _other = other.start();
        if let Some(action) = before {
            sender.send(action).expect("the job runs");
        }
        run_other_tasks().await;
        let mut draining = std::pin::pin!(drain_others(ended.job()));
        let mut waits = Vec::new();
        for action in std::iter::once(None).chain(actions.into_iter().map(Some)) {
            if let Some(action) = action {
                sender.send(action).expect("the job runs");
            }
            if matches!(action, Some(Action::End)) {
                // The end involves other threads, so that polling once is not enough.
                draining.as_mut().await;
                waits.push(false);
                break;
            }
            run_other_tasks().await;
            let over = poll_fn(|context| Poll::Ready(draining.as_mut().poll(context))).await;
            waits.push(over.is_pending());
            if over.is_ready() {
                break;
            }
        }
        waits
    }

    #[tokio::test]
    async fn a_drain_waits_until_the_requests_of_a_job_are_complete() {
        let actions = vec![Action::Advance(IN_FLIGHT_MAX - 1), Action::Advance(1)];
        assert_eq!(waits(0, None, actions).await, [true, true, false]);
    }

    #[tokio::test]
    async fn a_drain_waits_until_a_short_copy_has_ended() {
        let actions = vec![Action::Advance(1), Action::End];
        assert_eq!(waits(0, None, actions).await, [true, true, false]);
    }

    #[tokio::test]
    async fn a_drain_waits_until_a_job_becomes_idle() {
        assert_eq!(waits(0, None, vec![Action::Idle]).await, [true, false]);
    }

    #[tokio::test]
    async fn a_drain_does_not_wait_for_an_idle_job() {
        assert_eq!(waits(0, Some(Action::Idle), vec![]).await, [false]);
        assert_eq!(waits(1, None, vec![]).await, [false], "nor one with a rate limit");
    }

    #[tokio::test]
    async fn a_drain_does_not_wait_for_a_job_with_errors() {
        assert_eq!(waits(0, Some(Action::FailAndContinue), vec![]).await, [false]);
    }
}
