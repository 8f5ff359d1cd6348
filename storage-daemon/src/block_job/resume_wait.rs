//! Waiting for the first read after a job is resumed.
//!
//! As with QEMU, a client that resumes a job which a read error had stopped knows with its reply
//! whether the job can read now. Write errors show later in any case, as the job reads first.

use std::time::Duration;

use job::Job;

use super::BlockJob;
use crate::schema::block_job::BlockDeviceIoStatus;

/// How long the client waits for its reply at most. An error that comes at once is known by then;
/// and if the disk hangs, the client may want to cancel the job.
const RESUME_TIMEOUT: Duration = Duration::from_secs(1);

impl BlockJob {
    /// Waits for the result of the first request after a resume, at which `before` requests were
    /// complete.
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
        // After a time-out, events tell the client the result.
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

    /// Resumes a job that an error had stopped. Returns whether the client waits: at once, and
    /// after the next action or, without one, the time-out.
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
    async fn whether_reading_fails_again_is_known_with_the_reply() {
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
