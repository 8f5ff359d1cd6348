//! Setting a job's driver to work, and seeing to it that its end is always noticed.

use std::future::poll_fn;

use qapi_core::Error;

use crate::driver::DriverFuture;
use crate::ending::Awaited;
use crate::handle::JobHandle;
use crate::hooks::poll_guarded;
use crate::job::Job;
use crate::messages;
use crate::state::JobStatus;
use crate::sync::{runtime, spawn};

/// A job that is made and not yet started.
///
/// Dropped, it is taken back as if it had failed to start: clients see it `created` and then
/// `null`, and no hook is called. So a command that makes a job and then meets an error just
/// returns the error.
#[derive(Debug)]
#[must_use = "a job that is not started is taken back"]
pub struct CreatedJob {
    job: Job,
}

impl CreatedJob {
    pub(crate) fn new(job: Job) -> Self {
        Self { job }
    }

    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Sets the driver to work. Clients have seen the job `running` when this returns; what the
    /// driver does comes after.
    ///
    /// A job that has been cancelled with its transaction meanwhile is over, and is not started.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(self) -> Job {
        self.job.start();
        self.job.clone()
    }

    /// Undoes the job, and with it every member of its transaction: clients see it `aborting`,
    /// `concluded` and `null`; the driver is told to abort and to clean. All that has happened when
    /// this returns, unless a hook waits ([`Job::at_rest`] tells when it no longer does) or younger
    /// members were started already and have to be waited for.
    pub fn undo(self) {
        self.job.cancel(true);
    }
}

impl Drop for CreatedJob {
    fn drop(&mut self) {
        self.job.early_fail();
    }
}

impl Job {
    fn start(&self) {
        let started = self.update(|state| {
            if state.status != JobStatus::Created || state.should_stop() {
                return false;
            }
            state.started = true;
            state.runtime = runtime();
            self.move_to(state, JobStatus::Running);
            true
        });
        if started {
            let end = End { job: Some(self.clone()) };
            spawn(Awaited::new(async move {
                let result = end.work().await;
                end.reached(result);
            }));
        }
    }

    /// Runs the driver, whose panic is an error like any other.
    async fn work(&self) -> Result<(), Error> {
        let handle = JobHandle::new(self.clone());
        let mut run: DriverFuture<'_> = Box::pin(async {
            handle.pause_point().await?;
            self.any_driver().run(&handle).await
        });
        poll_fn(|context| poll_guarded("run", context, |context| run.as_mut().poll(context)))
            .await
    }
}

/// Sees to it that a started job ends, also when the runtime is shut down under it: then it is as
/// if it had been cancelled.
struct End {
    job: Option<Job>,
}

impl End {
    async fn work(&self) -> Result<(), Error> {
        match &self.job {
            Some(job) => job.work().await,
            None => Ok(()),
        }
    }

    fn reached(mut self, result: Result<(), Error>) {
        if let Some(job) = self.job.take() {
            job.exit(result);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            job.exit(Err(messages::canceled()));
        }
    }
}
