//! Waiting for the first read after a job is resumed.
//!
//! In QEMU, a client that resumes a job after a read error receives the reply after the job's first
//! read. The client then knows whether the job can read again. This module does the same. The reply
//! does not wait after a write error: the job reads first, so that another write error would occur
//! later.

use std::time::Duration;

use job::Job;

use super::BlockJob;
use crate::schema::block_job::BlockDeviceIoStatus;

/// The maximum delay of the reply. An immediate error occurs within this time. If the disk hangs,
/// the client needs the reply to be able to cancel the job.
const RESUME_TIMEOUT: Duration = Duration::from_secs(1);

impl BlockJob {
    /// Waits for the result of the first request after a resume. `before` is the number of requests
    /// that were complete at the resume.
    pub(super) async fn wait_after_resume(&self, before: u64, job: &Job) {
        if !job.speed().is_unlimited() {
            // The rate limit may delay the request.
            return;
        }
        let result = async {
            tokio::select! {
                () = self.wait_until(|| self.completed_requests() != before) => {}
                () = job.not_busy() => {}
            }
            if self.io_status() != BlockDeviceIoStatus::Ok {
                job.not_busy().await;
            }
        };
        // After a time-out, events report the result to the client.
        let _ = tokio::time::timeout(RESUME_TIMEOUT, result).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use block::copy::Side;
    use job::{JobStatus, Jobs};

    use super::*;
    use crate::block_job::testing::{Action, run_other_tasks, scripted_job};

    /// Resumes a job that an error had stopped. Returns whether the client waits: first right after
    /// the resume, and then after the next action or, without an action, after the time-out.
    async fn waits(side: Side, speed: u64, next: Option<Action>) -> [bool; 2] {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        let (created, sender) = scripted_job(&jobs, "j0", speed);
        let job = created.start();
        sender.send(Action::Fail(side)).expect("the job runs");
        run_other_tasks().await;
        assert_eq!(job.status(), JobStatus::Paused);
        job.user_resume().expect("it is paused");
        let mut drained = std::pin::pin!(job.drained());
        let mut is_waiting = async || {
            run_other_tasks().await;
            let over = poll_fn(|context| Poll::Ready(drained.as_mut().poll(context))).await;
            over.is_pending()
        };
        let first = is_waiting().await;
        if !first {
            return [false; 2];
        }
        match next {
            Some(action) => sender.send(action).expect("the job runs"),
            None => tokio::time::advance(RESUME_TIMEOUT).await,
        }
        [true, is_waiting().await]
    }

    #[tokio::test(start_paused = true)]
    async fn the_reply_to_a_resume_waits_for_the_first_read() {
        for (side, speed, next, expected) in [
            (Side::Source, 0, Some(Action::Fail(Side::Source)), [true, false]),
            (Side::Source, 0, Some(Action::Advance(1)), [true, false]),
            (Side::Source, 0, None, [true, false]),
            (Side::Target, 0, None, [false, false]),
            (Side::Source, 1, None, [false, false]),
        ] {
            assert_eq!(waits(side, speed, next).await, expected, "{side:?} {speed} {next:?}");
        }
    }
}
