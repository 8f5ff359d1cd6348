//! All jobs of one engine.

use std::sync::{Arc, Weak};

use qapi_core::Error;

use crate::driver::JobDriver;
use crate::ending::wait_for;
use crate::events::{EventSink, Occurrences};
use crate::id::check_id;
use crate::job::{Job, JobInfo};
use crate::messages;
use crate::options::JobOptions;
use crate::pause::InternalPause;
use crate::run::CreatedJob;
use crate::sync::{Mutex, MutexGuard};
use crate::transaction::Transaction;
use crate::wakeup::Wakeup;

/// The most jobs of one engine at a time. QEMU has no limit; but a client that never dismisses
/// what it starts must not make a daemon grow for ever. A list of this many stays far below what
/// clients read as one reply.
pub const JOBS_MAX: usize = 4096;

/// A job engine. Cloning is cheap and names the same one; two engines know nothing of each other.
///
/// When the last clone is dropped, every job is cancelled by force and waited for. Only a thread
/// that may block can wait: one of a tokio runtime of several threads, or one of none, for jobs on
/// a runtime of several threads. On a runtime of one thread, in a `LocalSet`, and within a driver
/// or a sink, the drop returns at once, and a job ends as soon as its driver notices;
/// [`cancel_all`](Self::cancel_all) waits everywhere. A driver that never comes to a pause point,
/// or waits for who drops the engine, keeps either waiting.
#[derive(Clone)]
pub struct Jobs {
    engine: Arc<Engine>,
}

/// What all handles of an engine share, and nobody else: its jobs know the registry alone, also
/// while they end it.
struct Engine {
    registry: Arc<Registry>,
}

/// The jobs there are, in the order in which they were made.
pub(crate) struct Registry {
    engine: Weak<Engine>,
    occurrences: Arc<Occurrences>,
    jobs: Mutex<Vec<Job>>,
    /// Counts jobs made, jobs concluded and jobs gone.
    changes: Wakeup,
}

impl Jobs {
    /// An engine without jobs, which tells `sink` each status change of its named jobs.
    ///
    /// ```
    /// let jobs = job::Jobs::new(|change: &job::JobStatusChange| println!("{change:?}"));
    /// ```
    pub fn new(sink: impl EventSink) -> Self {
        let registry = |engine: &Weak<Engine>| Registry {
            engine: Weak::clone(engine),
            occurrences: Arc::new(Occurrences::new(sink)),
            jobs: Mutex::default(),
            changes: Wakeup::default(),
        };
        Self { engine: Arc::new_cyclic(|engine| Engine { registry: Arc::new(registry(engine)) }) }
    }

    fn registry(&self) -> &Arc<Registry> {
        &self.engine.registry
    }

    /// Makes a job, as a member of a transaction or for itself alone. Clients have seen it
    /// `created` when this returns.
    ///
    /// # Errors
    /// `Invalid job ID 'ID'`, `Job ID 'ID' already in use`, `Parameter 'speed' expects a
    /// non-negative value` (after which clients see the job `null`), [`JOBS_MAX`] jobs, or a
    /// transaction that is over.
    pub fn create(
        &self,
        options: JobOptions,
        driver: impl JobDriver,
        transaction: Option<&Transaction>,
    ) -> Result<CreatedJob, Error> {
        if let Some(id) = &options.id {
            check_id(id)?;
        }
        let negative_speed = options.speed < 0;
        let occurrences = Arc::clone(&self.registry().occurrences);
        let registry = Arc::downgrade(self.registry());
        let job = Job::new(options, Arc::new(driver), occurrences, registry);
        let insert = |joined| self.registry().insert(&job, joined);
        let joined = transaction.unwrap_or(&Transaction::new()).join(&job, insert)?;
        job.inner().occurrences.deliver();
        self.registry().changed();
        // From here on, an error takes the job back.
        let created = CreatedJob::new(job);
        if !joined {
            return Err(messages::transaction_over());
        }
        if negative_speed {
            return Err(messages::negative_speed());
        }
        Ok(created)
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
        self.registry().lock().iter().find(|job| job.id() == Some(id)).cloned()
    }

    /// All named jobs, the newest first.
    pub fn list(&self) -> Vec<Job> {
        let mut jobs = self.registry().newest_first();
        jobs.retain(|job| !job.is_internal());
        jobs
    }

    /// What `query-jobs` says: all named jobs, the newest first.
    pub fn query(&self) -> Vec<JobInfo> {
        self.registry().newest_first().iter().filter_map(Job::info).collect()
    }

    /// Makes every job of now, internal ones too, rest until the result is dropped.
    #[must_use = "the pauses end when this is dropped"]
    pub fn pause_all(&self) -> Vec<InternalPause> {
        self.registry().newest_first().iter().map(Job::pause).collect()
    }

    /// Cancels every job by force, dismisses those that are concluded, and waits until there is
    /// none and all of it has been told: for a daemon that is about to leave. Jobs made meanwhile
    /// are cancelled too. A driver that never comes to a pause point keeps it waiting.
    pub async fn cancel_all(&self) {
        loop {
            let seen = self.registry().changes.count();
            for job in self.registry().newest_first() {
                job.cancel(true);
            }
            if self.registry().lock().is_empty() {
                break;
            }
            self.registry().changes.after(seen).await;
        }
        self.registry().occurrences.all_told().await;
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.registry().newest_first()).finish()
    }
}

impl Registry {
    /// Takes a new job in, which is `created` from the moment that it can be found.
    fn insert(&self, job: &Job, transaction: Option<Transaction>) -> Result<(), Error> {
        let mut jobs = self.lock();
        if let Some(id) = job.id()
            && jobs.iter().any(|other| other.id() == Some(id))
        {
            return Err(messages::id_in_use(id));
        }
        if jobs.len() >= JOBS_MAX {
            return Err(messages::too_many_jobs(JOBS_MAX));
        }
        jobs.push(job.clone());
        job.become_created(transaction);
        Ok(())
    }

    /// Has a job leave, if it can go: decided by `leave`, which makes it `null`. Its name is free
    /// as soon as that can be seen.
    pub(crate) fn remove<E>(
        &self,
        job: &Job,
        leave: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut jobs = self.lock();
        leave()?;
        jobs.retain(|other| !other.is_same(job));
        Ok(())
    }

    /// The engine, unless the program has let go of it.
    pub(crate) fn engine(&self) -> Option<Jobs> {
        self.engine.upgrade().map(|engine| Jobs { engine })
    }

    /// Whether the program has let go of the engine: whoever asks once a job is concluded, and is
    /// told that it has not, leaves it to the drop to dismiss that job.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.engine.strong_count() == 0
    }

    /// A job is made, concluded or gone.
    pub(crate) fn changed(&self) {
        self.changes.wake();
    }

    fn newest_first(&self) -> Vec<Job> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Job>> {
        self.jobs.lock()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let jobs = self.registry.newest_first();
        for job in &jobs {
            job.cancel(true);
        }
        wait_for(&jobs);
    }
}
