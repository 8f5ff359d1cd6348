//! What a client may rely on when it has finalized or dismissed a block job: requests that other
//! block jobs had under way are done, and so is what the end of those has to put in place.
//!
//! QEMU changes its graph then and drains it for that, so that a short copy beside the job is over,
//! events and all, when the client has its reply.

use std::sync::atomic::Ordering;

use block::copy::{REQUEST_MAX, REQUESTS_IN_FLIGHT};
use job::{Job, JobStatus};

use super::BlockJob;

/// How many bytes a job has under way at most.
const IN_FLIGHT_MAX: u64 = REQUESTS_IN_FLIGHT as u64 * REQUEST_MAX;

/// Waits for what the other block jobs of the same engine have under way now.
///
/// A disk that hangs keeps the client waiting who executes this command, where it would keep
/// QEMU's whole monitor; other clients are served, and what goes out of band is as well.
pub(super) async fn drain(ended: &Job) {
    let Some(jobs) = ended.engine() else { return };
    // All marks are set before the first wait, so that the jobs are waited for side by side.
    let marks = jobs.list().into_iter().map(|job| {
        let mark = job.progress().0.saturating_add(IN_FLIGHT_MAX);
        (job, mark)
    });
    for (job, mark) in marks.collect::<Vec<_>>() {
        if let Some(block_job) = job.driver::<BlockJob>()
            && is_copying(&job)
        {
            tokio::select! {
                () = block_job.progress_reaches(&job, mark) => {}
                () = job.not_busy() => {}
            }
        }
        // One that is about to end ends before.
        job.at_rest().await;
    }
}

impl BlockJob {
    /// Waits until the job has come as far as `mark`: then all requests that were under way at the
    /// beginning are done. It is not held up. One that meets errors comes no further, perhaps for
    /// ever, and is not waited for.
    async fn progress_reaches(&self, job: &Job, mark: u64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if self.is_failing.load(Ordering::Relaxed) || job.progress().0 >= mark {
                return;
            }
            changed.await;
        }
    }
}

/// Whether the job makes requests, one after the other without rest. One with a rate limit rests
/// most of the time.
fn is_copying(job: &Job) -> bool {
    job.status() == JobStatus::Running && !job.pause_requested() && job.speed() == 0
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use job::{CreatedJob, JobOptions, JobType, Jobs};
    use qapi_core::Events;
    use tokio::sync::Mutex;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;
    use crate::block_job::{BlockJobDriver, BlockJobHandle, RunFuture};

    /// What a job does next.
    enum Deed {
        Advance(u64),
        Idle,
        Trouble,
        End,
    }

    /// Does what it is told.
    struct Told(Mutex<UnboundedReceiver<Deed>>);

    impl BlockJobDriver for Told {
        fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
            Box::pin(async move {
                while let Some(deed) = self.0.lock().await.recv().await {
                    match deed {
                        Deed::Advance(bytes) => job.advance(bytes),
                        Deed::Idle => job.idle().await?,
                        Deed::Trouble => job.block_job.is_failing.store(true, Ordering::Relaxed),
                        Deed::End => break,
                    }
                }
                Ok(())
            })
        }
    }

    /// Lets everyone else go on until each waits for something.
    async fn turns() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    fn create(jobs: &Jobs, id: &str, speed: i64) -> (CreatedJob, UnboundedSender<Deed>) {
        let (deeds, told) = unbounded_channel();
        let driver = BlockJob::new(Told(Mutex::new(told)), Events::new());
        let options = JobOptions::new(JobType::Backup).id(id).speed(speed);
        (jobs.create(options, driver, None).expect("it can be made"), deeds)
    }

    /// What happens to a job while another is settled: whether it is waited for, at the beginning
    /// and then after each deed.
    async fn waits(speed: i64, before: Option<Deed>, deeds: Vec<Deed>) -> Vec<bool> {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        let (ended, _kept) = create(&jobs, "ended", 0);
        let (other, tell) = create(&jobs, "other", speed);
        let _other = other.start();
        if let Some(deed) = before {
            tell.send(deed).expect("it listens");
        }
        turns().await;
        let mut draining = std::pin::pin!(drain(ended.job()));
        let mut waits = Vec::new();
        for deed in std::iter::once(None).chain(deeds.into_iter().map(Some)) {
            let ends = matches!(deed, Some(Deed::End));
            if let Some(deed) = deed {
                tell.send(deed).expect("it listens");
            }
            if ends {
                // Which it does on other threads, too.
                draining.as_mut().await;
                waits.push(false);
                break;
            }
            turns().await;
            let over = poll_fn(|context| Poll::Ready(draining.as_mut().poll(context))).await;
            waits.push(over.is_pending());
            if over.is_ready() {
                break;
            }
        }
        waits
    }

    #[tokio::test]
    async fn a_job_is_waited_for_until_its_requests_are_done() {
        let deeds = vec![Deed::Advance(IN_FLIGHT_MAX - 1), Deed::Advance(1)];
        assert_eq!(waits(0, None, deeds).await, [true, true, false]);
    }

    #[tokio::test]
    async fn a_short_copy_is_waited_for_until_it_is_over() {
        let deeds = vec![Deed::Advance(1), Deed::End];
        assert_eq!(waits(0, None, deeds).await, [true, true, false]);
    }

    #[tokio::test]
    async fn a_job_that_comes_to_rest_is_waited_for_until_then() {
        assert_eq!(waits(0, None, vec![Deed::Idle]).await, [true, false]);
    }

    #[tokio::test]
    async fn a_job_that_rests_is_not_waited_for() {
        assert_eq!(waits(0, Some(Deed::Idle), vec![]).await, [false]);
        assert_eq!(waits(1, None, vec![]).await, [false], "nor one with a rate limit");
    }

    #[tokio::test]
    async fn a_job_in_trouble_is_not_waited_for() {
        assert_eq!(waits(0, Some(Deed::Trouble), vec![]).await, [false]);
    }
}
