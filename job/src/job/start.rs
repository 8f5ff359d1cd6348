//! The start of a job. A created job is either started or taken back. A started job always reports
//! the end of its driver's work.

use std::sync::Arc;

use qapi_core::Error;

use super::engine::Engine;
use super::transaction::Transaction;
use super::{DynDriver, Job};
use crate::messages;
use crate::options::{CancelMode, JobOptions, check_id};
use crate::sync::{CallbackScope, runtime, spawn};

/// A job that is created and not yet started.
///
/// The drop takes the job back, as if the job had failed to start: clients see it `created` and
/// then `null`, and no hook is called. A command that creates a job and then meets an error only
/// has to return the error.
#[derive(Debug)]
#[must_use = "a job that is not started is taken back"]
pub struct CreatedJob {
    job: Job,
}

impl CreatedJob {
    /// Creates a job in an engine.
    ///
    /// # Errors
    /// The errors of [`Jobs::create`](crate::Jobs::create).
    pub(crate) fn new(
        engine: &Arc<Engine>,
        options: JobOptions,
        driver: Arc<dyn DynDriver>,
        transaction: &Transaction,
    ) -> Result<Self, Error> {
        if let Some(id) = &options.id {
            check_id(id)?;
        }
        // The closure only borrows the driver, because the drop of a driver may call the engine,
        // whose lock is taken.
        let job = engine.add(|machine| {
            machine.check_id_free(options.id.as_deref())?;
            let transaction = transaction.bind(engine, machine)?;
            let key = machine.create(&options, transaction.key());
            Ok(Job::new(key, options.clone(), Arc::clone(&driver), engine, transaction))
        })?;
        // From here on, an error takes the job back.
        let created = Self { job };
        if created.job.apply(|machine, key| machine.joined(key)) {
            Ok(created)
        } else {
            Err(messages::transaction_over())
        }
    }

    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Starts the driver. Clients have seen the job `running` when this returns; the driver's own
    /// actions come after.
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
    /// `concluded` and `null`, and its driver is cleaned up. All of this has happened when the
    /// method returns. There are two exceptions: a hook waits ([`Job::idle`] then waits for it), or
    /// newer members were already started and must stop first.
    pub fn undo(self) {
        self.job.cancel(CancelMode::Force);
    }
}

impl Drop for CreatedJob {
    fn drop(&mut self) {
        if self.job.apply(|machine, key| machine.take_back(key)) {
            self.job.advance_transaction();
        }
    }
}

impl Job {
    fn start(&self) {
        let runtime = runtime();
        let started = self.apply(|machine, key| {
            let started = machine.update(key, |job, effects| job.start(effects));
            if started {
                let _ = self.inner.runtime.set(runtime);
            }
            started
        });
        if started {
            let exit = ExitGuard { job: Some(self.clone()) };
            spawn(CallbackScope::new(exit.run()));
        }
    }
}

/// Reports the end of a started job's work. If the runtime is shut down during the work, the job
/// ends as if it were cancelled.
struct ExitGuard {
    job: Option<Job>,
}

impl ExitGuard {
    async fn run(mut self) {
        let Some(job) = self.job.clone() else { return };
        let result = Arc::clone(job.hooks()).run(job).await;
        if let Some(job) = self.job.take() {
            job.exit(result);
        }
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            job.exit(Err(messages::canceled()));
        }
    }
}
