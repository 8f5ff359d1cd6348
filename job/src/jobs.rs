//! The engine, as programs use it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use qapi_core::Error;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::driver::JobDriver;
use crate::events::EventSink;
use crate::job::Job;
use crate::job::engine::{Engine, Owner};
use crate::job::start::CreatedJob;
use crate::job::transaction::Transaction;
use crate::job::verbs::PauseGuard;
use crate::machine::Machine;
use crate::messages;
use crate::options::{CancelMode, JobOptions};
use crate::record::JobRecorder;
use crate::schema::JobInfo;
use crate::sync::in_callback;

/// The time that a query waits for jobs that clients have completed.
const COMPLETION_WAIT: Duration = Duration::from_secs(1);

/// A job engine. A clone is cheap, and refers to the same engine. Two engines are independent.
///
/// The drop of the last clone cancels every job by force. The drop then waits for the jobs that run
/// on a multi-threaded tokio runtime, if the current thread may block. A thread may block if it
/// belongs to a multi-threaded runtime or to no runtime. On a single-threaded runtime, in a
/// `LocalSet`, and within a driver or a sink, the drop returns at once, and a job ends when its
/// driver notices the cancel. [`cancel_all`](Self::cancel_all) waits everywhere.
///
/// The drop and `cancel_all` wait for ever for a driver that never reaches a pause point, and for a
/// driver that itself waits for the caller.
#[derive(Clone)]
pub struct Jobs {
    owner: Arc<Owner>,
}

impl Jobs {
    /// An engine without jobs, which reports each status change of its named jobs to `sink`.
    ///
    /// ```
    /// let jobs = job::Jobs::new(|change: &job::JobStatusChange| println!("{change:?}"));
    /// ```
    #[must_use]
    pub fn new(sink: impl EventSink) -> Self {
        Self::build(sink, None)
    }

    /// As [`new`](Self::new), with a recorder that stores how each job ended.
    #[must_use]
    pub fn with_recorder(sink: impl EventSink, recorder: impl JobRecorder) -> Self {
        Self::build(sink, Some(Box::new(recorder)))
    }

    fn build(sink: impl EventSink, recorder: Option<Box<dyn JobRecorder>>) -> Self {
        let owner = |owner: &Weak<Owner>| Owner {
            engine: Arc::new(Engine::new(sink, recorder, Weak::clone(owner))),
        };
        Self { owner: Arc::new_cyclic(owner) }
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.owner.engine
    }

    /// Creates a job, as a member of `transaction` or on its own. Clients see the job `created`
    /// before this method returns.
    ///
    /// # Errors
    /// `Invalid job ID 'ID'`; `Job ID 'ID' already in use`; a transaction that has members in
    /// another engine; a transaction that is over. In the last case, clients see the job `created`
    /// and then `null`.
    pub fn create(
        &self,
        options: JobOptions,
        driver: impl JobDriver,
        transaction: Option<&Transaction>,
    ) -> Result<CreatedJob, Error> {
        let own = Transaction::new();
        CreatedJob::new(self.engine(), options, Arc::new(driver), transaction.unwrap_or(&own))
    }

    /// The named job called `id`.
    ///
    /// # Errors
    /// `Job not found`.
    pub fn get(&self, id: &str) -> Result<Job, Error> {
        self.find(id).ok_or_else(messages::job_not_found)
    }

    /// The named job called `id`, if there is one.
    pub fn find(&self, id: &str) -> Option<Job> {
        self.engine().find(id)
    }

    /// All named jobs, the newest first.
    pub fn list(&self) -> Vec<Job> {
        let mut jobs = self.engine().jobs();
        jobs.retain(|job| !job.is_internal());
        jobs
    }

    /// The reply to `query-jobs`: all named jobs at one moment, the newest first.
    pub fn query(&self) -> Vec<JobInfo> {
        self.engine().query(Job::info_in)
    }

    /// Waits for each job as [`Job::completed`] does, for a second in all. For a query, which then
    /// shows the jobs as QEMU does. A disk that hangs does not hang the query.
    pub async fn completed(&self) {
        let all = async {
            for job in self.list() {
                job.completed().await;
            }
        };
        // After the time is up, the query shows the job as it is.
        let _ = tokio::time::timeout(COMPLETION_WAIT, all).await;
    }

    /// Pauses every existing job, including internal jobs, until the guards are dropped.
    #[must_use = "the pauses end when this is dropped"]
    pub fn pause_all(&self) -> Vec<PauseGuard> {
        self.engine().jobs().iter().map(Job::pause).collect()
    }

    /// Cancels every job by force and dismisses it, for a daemon that shuts down. Jobs that are
    /// created meanwhile are cancelled too.
    ///
    /// The call waits until no job is left and all events are delivered. The call waits for
    /// ever if a driver never reaches a pause point.
    pub async fn cancel_all(&self) {
        let _dismissing = DismissingGuard::new(self.engine());
        let next = AtomicU64::new(0);
        let cancel_new = |engine: &Engine| {
            // Each job is cancelled once: a repetition for every job that ends would cost much.
            for job in engine.jobs_from(next.load(Ordering::Relaxed)) {
                next.fetch_max(job.key() + 1, Ordering::Relaxed);
                job.cancel(CancelMode::Force);
            }
            engine.is_empty()
        };
        self.engine().wait_until(cancel_new).await;
        self.engine().drained().await;
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.engine().jobs()).finish()
    }
}

impl Job {
    /// The engine of the job; `None` if the program has dropped every [`Jobs`] of the engine.
    pub fn engine(&self) -> Option<Jobs> {
        self.owner().map(|owner| Jobs { owner })
    }
}

/// Jobs that conclude are dismissed at once while this exists.
struct DismissingGuard<'a> {
    engine: &'a Arc<Engine>,
}

impl<'a> DismissingGuard<'a> {
    fn new(engine: &'a Arc<Engine>) -> Self {
        engine.apply(Machine::begin_dismissing);
        Self { engine }
    }
}

impl Drop for DismissingGuard<'_> {
    fn drop(&mut self) {
        self.engine.apply(Machine::end_dismissing);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.engine.apply(Machine::begin_dismissing);
        let jobs = self.engine.jobs();
        for job in &jobs {
            job.cancel(CancelMode::Force);
        }
        wait_for(&jobs);
    }
}

/// Waits until cancelled jobs are gone. Waits only for jobs on a multi-threaded runtime, and only
/// if this thread may block.
fn wait_for(jobs: &[Job]) {
    let runtimes: Vec<_> =
        jobs.iter().map(|job| job.runtime().filter(has_several_threads)).collect();
    let Some(runtime) = runtimes.iter().flatten().next() else { return };
    if in_callback() {
        return;
    }
    let all_gone = async {
        for (job, _) in jobs.iter().zip(&runtimes).filter(|(_, runtime)| runtime.is_some()) {
            job.gone().await;
        }
    };
    match Handle::try_current() {
        Err(_) => runtime.block_on(all_gone),
        Ok(here) if has_several_threads(&here) => {
            // `block_in_place` panics within a `LocalSet`, which cannot be detected beforehand.
            let wait = || block_in_place(|| here.block_on(all_gone));
            if catch_unwind(AssertUnwindSafe(wait)).is_err() {
                tracing::warn!("an engine was dropped where its jobs cannot be waited for");
            }
        }
        // This thread is the only thread of its runtime: the jobs may wait for a task of the
        // runtime.
        Ok(_) => {}
    }
}

fn has_several_threads(runtime: &Handle) -> bool {
    runtime.runtime_flavor() == RuntimeFlavor::MultiThread
}
