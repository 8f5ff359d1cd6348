//! For tests: a block job that performs the actions that the test sends.

use std::io;
use std::sync::atomic::Ordering;

use block::copy::Side;
use block::error::Error;
use job::{CreatedJob, JobOptions, JobType, Jobs, Speed};
use qapi_core::Events;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{BlockJob, BlockJobDriver, BlockJobHandle, OnError, RunFuture};
use crate::schema::block_job::BlockdevOnError;

/// An action of a scripted job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// A request of this number of bytes succeeds.
    Advance(u64),
    /// A request fails, and the job stops.
    Fail(Side),
    /// A request fails, and the job continues.
    FailAndContinue,
    /// The job waits for a wake-up.
    Idle,
    /// The job ends.
    End,
}

/// Performs the actions that it receives.
struct ScriptedDriver(Mutex<UnboundedReceiver<Action>>);

impl BlockJobDriver for ScriptedDriver {
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        Box::pin(async move {
            while let Some(action) = self.0.lock().await.recv().await {
                match action {
                    Action::Advance(bytes) => job.advance(bytes),
                    Action::Fail(side) => {
                        let error = Error::Io(io::ErrorKind::Other.into());
                        let stop = OnError::both(Some(BlockdevOnError::Stop));
                        job.handle_error(stop, side, &error);
                        job.pause_point().await?;
                    }
                    Action::FailAndContinue => {
                        job.block_job.last_request_failed.store(true, Ordering::Relaxed);
                    }
                    Action::Idle => job.entered().await?,
                    Action::End => break,
                }
            }
            Ok(())
        })
    }
}

/// Creates a scripted job, and returns the sender of its actions.
pub(super) fn scripted_job(
    jobs: &Jobs,
    id: &str,
    speed: u64,
) -> (CreatedJob, UnboundedSender<Action>) {
    let (sender, receiver) = unbounded_channel();
    let driver = BlockJob::new(ScriptedDriver(Mutex::new(receiver)), Events::new());
    let options = JobOptions::new(JobType::Backup).id(id).speed(Speed::new(speed));
    (jobs.create(options, driver, None).expect("a job"), sender)
}

/// Lets all other tasks run until each of them waits.
pub(super) async fn run_other_tasks() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
