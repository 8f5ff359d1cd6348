//! One job: what it is, where it stands, and the only door to changing that.

use std::any::Any;
use std::sync::{Arc, Weak};

use qapi_core::{Error, qapi_struct};
use tokio::runtime::Handle;

use crate::driver::{AnyDriver, JobDriver, JobNotification};
use crate::events::{JobStatusChange, Occurrence, Occurrences};
use crate::jobs::{Jobs, Registry};
use crate::messages;
use crate::options::JobOptions;
use crate::progress::Progress;
use crate::rate_limit::RateLimit;
use crate::state::{JobStatus, JobType, transition};
use crate::sync::{Mutex, MutexGuard};
use crate::transaction::Transaction;
use crate::wakeup::Wakeup;

/// A job, as clients and the layers above see it. Cloning is cheap and names the same job.
///
/// It stays valid, and says that the job is gone, when the job is.
#[derive(Clone)]
pub struct Job {
    inner: Arc<Inner>,
}

/// What a job never changes, and the places of what it does.
pub(crate) struct Inner {
    pub(crate) options: JobOptions,
    pub(crate) driver: Arc<dyn AnyDriver>,
    pub(crate) occurrences: Arc<Occurrences>,
    pub(crate) registry: Weak<Registry>,
    pub(crate) progress: Progress,
    pub(crate) rate_limit: RateLimit,
    /// Wakes the driver from [`sleep`](crate::JobHandle::sleep) and
    /// [`idle`](crate::JobHandle::idle).
    pub(crate) wakeup: Wakeup,
    /// Counts changes of the status, and how often a part of the driver went to sleep.
    changes: Wakeup,
    state: Mutex<State>,
}

/// What changes in a job's life.
pub(crate) struct State {
    pub(crate) status: JobStatus,
    /// Whether the driver was ever set to work.
    pub(crate) started: bool,
    /// Where it was.
    pub(crate) runtime: Option<Handle>,
    /// How many parts of the driver sleep or idle.
    pub(crate) idle: u32,
    /// How many want the job to rest. The user counts as one.
    pub(crate) pause_count: u32,
    pub(crate) user_paused: bool,
    /// Became ready in a pause: takes effect when the pause ends.
    pub(crate) ready_after_pause: bool,
    /// Cancelled, perhaps softly.
    pub(crate) cancel_requested: bool,
    pub(crate) force_cancelled: bool,
    /// Success or failure is decided: too late to cancel.
    pub(crate) settled: bool,
    pub(crate) error: Option<Error>,
    pub(crate) speed: i64,
    /// Nothing of a job that came too late for it, which is taken back.
    pub(crate) transaction: Option<Transaction>,
}

impl State {
    /// Whether the driver should give up.
    pub(crate) fn should_stop(&self) -> bool {
        self.force_cancelled || self.error.is_some()
    }

    /// Whether the driver is doing something at this moment.
    fn is_busy(&self) -> bool {
        self.idle == 0 && self.status.is_at_work() && !self.status.is_paused()
    }

    /// Whether the driver should rest.
    pub(crate) fn should_pause(&self) -> bool {
        self.pause_count > 0 && !self.should_stop()
    }
}

/// Information about a job.
#[qapi_struct(since = "3.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// The job's identifier.
    pub id: String,
    /// What kind of work it does.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// Where it is in its life.
    pub status: JobStatus,
    /// How much is done. The unit is the job's own: only the ratio to the total means something.
    /// Never becomes less.
    pub current_progress: i64,
    /// How much there is to do in all, as far as is known now. May become more or less while the
    /// job is at work.
    pub total_progress: i64,
    /// Why the job failed, for people to read. Absent for a concluded job that succeeded.
    pub error: Option<String>,
}

impl Job {
    pub(crate) fn new(
        options: JobOptions,
        driver: Arc<dyn AnyDriver>,
        occurrences: Arc<Occurrences>,
        registry: Weak<Registry>,
    ) -> Self {
        let state = State {
            status: JobStatus::Undefined,
            started: false,
            runtime: None,
            idle: 0,
            pause_count: 0,
            user_paused: false,
            ready_after_pause: false,
            cancel_requested: false,
            force_cancelled: false,
            settled: false,
            error: None,
            speed: options.speed,
            transaction: None,
        };
        let rate_limit = RateLimit::new(u64::try_from(options.speed).unwrap_or(0));
        let inner = Inner {
            options,
            driver,
            occurrences,
            registry,
            progress: Progress::default(),
            rate_limit,
            wakeup: Wakeup::default(),
            changes: Wakeup::default(),
            state: Mutex::new(state),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The job's identifier; an internal job has none.
    pub fn id(&self) -> Option<&str> {
        self.inner.options.id.as_deref()
    }

    /// What kind of work it does.
    pub fn job_type(&self) -> JobType {
        self.inner.options.job_type
    }

    /// Where it is in its life.
    pub fn status(&self) -> JobStatus {
        self.lock().status
    }

    /// Whether it has no name, and so is hidden from clients.
    pub fn is_internal(&self) -> bool {
        self.id().is_none()
    }

    /// Whether it is ready to complete, paused or not.
    pub fn is_ready(&self) -> bool {
        matches!(self.status(), JobStatus::Ready | JobStatus::Standby)
    }

    /// Whether a client has paused it, or an error has, so that only a client can resume it.
    pub fn user_paused(&self) -> bool {
        self.lock().user_paused
    }

    /// Whether it rests, or will at its next pause point, for whatever reason.
    pub fn pause_requested(&self) -> bool {
        self.lock().pause_count > 0
    }

    /// Whether its driver is doing something at this moment: not paused, nor asleep, nor over. A
    /// driver of several parts is asleep as long as one of them is.
    pub fn is_busy(&self) -> bool {
        self.lock().is_busy()
    }

    /// Whether it has been cancelled by force, and so will end as cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.lock().force_cancelled
    }

    /// Whether it has been cancelled, by force or softly.
    pub fn cancel_requested(&self) -> bool {
        self.lock().cancel_requested
    }

    /// Whether it goes on by itself when it is pending.
    pub fn auto_finalize(&self) -> bool {
        self.inner.options.auto_finalize
    }

    /// Whether it disappears by itself when it is concluded.
    pub fn auto_dismiss(&self) -> bool {
        self.inner.options.auto_dismiss
    }

    /// The rate limit in bytes a second; 0 is none.
    pub fn speed(&self) -> i64 {
        self.lock().speed
    }

    /// How much is done, and how much there is to do as far as is known now, in a unit of the
    /// job's own.
    pub fn progress(&self) -> (u64, u64) {
        self.inner.progress.read()
    }

    /// Why it failed or that it was cancelled, if it did or was.
    pub fn error(&self) -> Option<Error> {
        self.lock().error.clone()
    }

    /// What `query-jobs` says of it; nothing of an internal job.
    pub fn info(&self) -> Option<JobInfo> {
        let (current, total) = self.progress();
        let state = self.lock();
        Some(JobInfo {
            id: self.id()?.to_owned(),
            job_type: self.job_type(),
            status: state.status,
            current_progress: i64::try_from(current).unwrap_or(i64::MAX),
            total_progress: i64::try_from(total).unwrap_or(i64::MAX),
            error: state.error.as_ref().map(|error| error.desc().to_owned()),
        })
    }

    /// The job's driver, if it is a `D`: for a layer that keeps more about its jobs than the
    /// engine does.
    pub fn driver<D: JobDriver>(&self) -> Option<Arc<D>> {
        let driver: Arc<dyn Any + Send + Sync> = Arc::clone(&self.inner.driver).into_any();
        driver.downcast().ok()
    }

    /// Waits until the job is over, dismissed or not, and that has been told.
    ///
    /// # Errors
    /// Why it failed, or that it was cancelled.
    pub async fn concluded(&self) -> Result<(), Error> {
        self.wait_until(|state| state.status.is_over()).await;
        self.inner.occurrences.all_told().await;
        self.error().map_or(Ok(()), Err)
    }

    /// Waits until its driver does nothing for a moment: until it is not [busy](Self::is_busy).
    pub async fn not_busy(&self) {
        self.wait_until(|state| !state.is_busy()).await;
    }

    /// Waits until no hook is under way that ends this job or another member of its transaction,
    /// and all has been told. For a command that cancels the job, before it is answered.
    pub async fn at_rest(&self) {
        let transaction = self.lock().transaction.clone();
        if let Some(transaction) = transaction {
            transaction.at_rest().await;
        }
        self.inner.occurrences.all_told().await;
    }

    /// As [`at_rest`](Self::at_rest), and waits until what a client set in motion is in order, as
    /// the driver of this job sees it. For a command that finalizes, dismisses or resumes the job,
    /// before it is answered.
    pub async fn settled(&self) {
        self.at_rest().await;
        self.hook_settle().await;
        self.inner.occurrences.all_told().await;
    }

    /// The engine that the job belongs to; `None` where the program has let go of it.
    pub fn engine(&self) -> Option<Jobs> {
        self.inner.registry.upgrade()?.engine()
    }
}

impl Job {
    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(crate) fn any_driver(&self) -> &dyn AnyDriver {
        &*self.inner.driver
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The runtime that its driver was set to work on, if it ever was.
    pub(crate) fn runtime(&self) -> Option<Handle> {
        self.lock().runtime.clone()
    }

    /// The state, to be read. Nothing else of the engine is called while it is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock()
    }

    /// Changes the state, and tells the world afterwards.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.lock());
        self.inner.occurrences.deliver();
        result
    }

    /// Moves to another status, within an [`update`](Self::update).
    pub(crate) fn move_to(&self, state: &mut State, status: JobStatus) {
        if let Err(illegal) = transition(state.status, status) {
            // The engine's own mistake. Better a job that stands still than one gone astray.
            debug_assert!(false, "{illegal}");
            tracing::error!(id = self.id(), %illegal, "a job was to make an illegal move");
            return;
        }
        state.status = status;
        self.inner.changes.wake();
        if let Some(id) = self.id() {
            let change = JobStatusChange { id: id.to_owned(), status };
            self.inner.occurrences.push(Occurrence::StatusChange(change));
        }
    }

    /// Tells the driver something in its turn, within an [`update`](Self::update).
    pub(crate) fn announce(&self, notification: JobNotification) {
        self.inner.occurrences.push(Occurrence::Notification(self.clone(), notification));
    }

    /// Makes the job fail. Its first error is the one that counts. No part of its driver rests any
    /// longer; and if the driver is not at work, the transaction is undone at once.
    pub(crate) fn fail(&self, error: Error) {
        let transaction = self.update(|state| {
            state.error.get_or_insert(error);
            self.leave_pause(state);
            let is_at_work = state.status.is_at_work();
            state.transaction.clone().filter(|_| !is_at_work)
        });
        self.inner.wakeup.wake();
        if let Some(transaction) = transaction {
            transaction.abort(self);
        }
    }

    /// Turns a cancel, or an error met on the way, into the job's result: whether it has failed.
    pub(crate) fn settle(&self, state: &mut State) -> bool {
        if state.force_cancelled && state.error.is_none() {
            state.error = Some(messages::canceled());
        }
        let failed = state.error.is_some();
        if failed && state.status != JobStatus::Aborting {
            self.move_to(state, JobStatus::Aborting);
        }
        failed
    }

    /// A part of the driver sleeps from now on.
    pub(crate) fn begin_idle(&self) {
        self.lock().idle += 1;
        self.inner.changes.wake();
    }

    /// Waits until nobody can find the job any more, and that has been told.
    pub(crate) async fn gone(&self) {
        self.wait_until(|state| state.status == JobStatus::Null).await;
        self.inner.occurrences.all_told().await;
    }

    pub(crate) async fn wait_until(&self, condition: impl Fn(&State) -> bool) {
        loop {
            let seen = self.inner.changes.count();
            if condition(&self.lock()) {
                return;
            }
            self.inner.changes.after(seen).await;
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Job")
            .field("id", &self.id())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
