//! What a client may rely on when it has resumed a block job that could not read: whether it still
//! cannot.

use std::time::Duration;

use job::Job;

use super::BlockJob;
use crate::schema::block_job::BlockDeviceIoStatus;

/// How long a client that resumes a job is kept waiting at most: a fault that comes at once is
/// known by then, and whoever waits for a disk that hangs may want to cancel the job.
const PATIENCE: Duration = Duration::from_secs(1);

impl BlockJob {
    /// Waits for what comes of reading once more, after so many outcomes of requests. If it fails
    /// again, the client knows so before it has its reply, as with QEMU. Whether writing works
    /// turns out later, since something is read before.
    pub(super) async fn outcome_after(&self, before: u64, job: &Job) {
        if job.speed() > 0 {
            // It may rest before it reads.
            return;
        }
        let outcome = async {
            tokio::select! {
                () = self.has_outcomes_after(before) => {}
                () = job.not_busy() => {}
            }
            if self.io_status() != BlockDeviceIoStatus::Ok {
                job.not_busy().await;
            }
        };
        // What comes later is told later.
        let _ = tokio::time::timeout(PATIENCE, outcome).await;
    }

    async fn has_outcomes_after(&self, before: u64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if self.outcomes() != before {
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io;
    use std::task::Poll;

    use job::{JobOptions, JobStatus, JobType, Jobs};
    use qapi_core::Events;
    use tokio::sync::Mutex;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::block_job::{BlockJobDriver, BlockJobHandle, OnError, RunFuture};
    use crate::schema::block_job::BlockdevOnError;
    use block::copy::Side;
    use block::error::Error;

    /// What becomes of a request.
    #[derive(Clone, Copy, Debug)]
    enum Outcome {
        Done,
        Failed(Side),
    }

    /// Makes requests that become what it is told.
    struct Told(Mutex<UnboundedReceiver<Outcome>>);

    impl BlockJobDriver for Told {
        fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
            Box::pin(async move {
                let stop = BlockdevOnError::Stop;
                let on_error = OnError { source: stop, target: stop };
                while let Some(outcome) = self.0.lock().await.recv().await {
                    match outcome {
                        Outcome::Done => job.advance(1),
                        Outcome::Failed(side) => {
                            let error = Error::Io(io::ErrorKind::Other.into());
                            job.handle_error(on_error, side, &error);
                            job.pause_point().await?;
                        }
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

    /// Whether a client waits that resumes a job which that stopped: at once, and after an outcome
    /// or as much patience as it has.
    async fn waits(side: Side, speed: i64, next: Option<Outcome>) -> [bool; 2] {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        let (tell, told) = unbounded_channel();
        let driver = BlockJob::new(Told(Mutex::new(told)), Events::new());
        let options = JobOptions::new(JobType::Backup).id("j0").speed(speed);
        let job = jobs.create(options, driver, None).expect("it can be made").start();
        tell.send(Outcome::Failed(side)).expect("it listens");
        turns().await;
        assert_eq!(job.status(), JobStatus::Paused);
        job.user_resume().expect("it is paused");
        let mut settled = std::pin::pin!(job.settled());
        let mut is_waiting = async || {
            turns().await;
            let over = poll_fn(|context| Poll::Ready(settled.as_mut().poll(context))).await;
            over.is_pending()
        };
        let first = is_waiting().await;
        if !first {
            return [false; 2];
        }
        match next {
            Some(outcome) => tell.send(outcome).expect("it listens"),
            None => tokio::time::advance(PATIENCE).await,
        }
        [true, is_waiting().await]
    }

    #[tokio::test(start_paused = true)]
    async fn whether_reading_fails_again_is_known_with_the_reply() {
        for (side, speed, next, expected) in [
            (Side::Source, 0, Some(Outcome::Failed(Side::Source)), [true, false]),
            (Side::Source, 0, Some(Outcome::Done), [true, false]),
            (Side::Source, 0, None, [true, false]),
            (Side::Target, 0, None, [false, false]),
            (Side::Source, 1, None, [false, false]),
        ] {
            assert_eq!(waits(side, speed, next).await, expected, "{side:?} {speed} {next:?}");
        }
    }
}
