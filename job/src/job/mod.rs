//! One job, as clients and the layers above see it.

pub(crate) mod engine;
mod finish;
pub(crate) mod start;
pub(crate) mod transaction;
pub(crate) mod verbs;

use std::any::Any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use qapi_core::Error;
use tokio::runtime::Handle;

use crate::events::JobNotification;
use crate::machine::Machine;
use crate::machine::job::{Effects, JobKey, JobOutcome, JobState};
use crate::options::{CancelMode, JobOptions, Speed};
use crate::progress::{JobProgress, Progress};
use crate::rate_limit::RateLimit;
use crate::record::{JobEnd, JobRecord};
use crate::schema::{JobInfo, JobStatus, JobType};
use crate::sync::{EventCount, Mutex};
use engine::{Engine, Owner, TransactionRef};

/// A job, as clients and the layers above see it. Cloning is cheap and names the same job.
///
/// A handle stays valid when its job is gone: the status is then [`JobStatus::Null`].
#[derive(Clone)]
pub struct Job {
    inner: Arc<Inner>,
}

/// The part of a job outside of the machine: its options, its driver and its progress, and the
/// wake-ups of its driver and of its waiters.
struct Inner {
    key: JobKey,
    engine: Arc<Engine>,
    /// The machine has the transaction until the last reference is dropped.
    _transaction: Arc<TransactionRef>,
    options: JobOptions,
    driver: Arc<dyn DynDriver>,
    progress: Progress,
    rate_limit: RateLimit,
    /// Wakes the driver from [`sleep`](crate::JobHandle::sleep) and
    /// [`entered`](crate::JobHandle::entered).
    entries: EventCount,
    /// Counts changes of the status, and how often a part of the driver went to sleep.
    changes: EventCount,
    /// Whether a client has completed the job, or cancelled it softly.
    end_requested: AtomicBool,
    /// The value that the driver has returned.
    result: Mutex<Option<serde_json::Value>>,
    created_at: SystemTime,
    /// The runtime that the driver was started on.
    runtime: OnceLock<Option<Handle>>,
}

/// A call of an asynchronous hook.
pub(crate) type HookFuture = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A [`JobDriver`](crate::JobDriver) as the engine calls it: without its type, and without panics.
/// A hook that panics makes its job fail.
pub(crate) trait DynDriver: Any + Send + Sync {
    fn run(self: Arc<Self>, job: Job) -> HookFuture;
    fn user_resume(&self, job: &Job);
    fn complete(&self, job: &Job) -> Result<(), Error>;
    fn cancel(&self, job: &Job, mode: CancelMode) -> CancelMode;
    fn prepare(self: Arc<Self>, job: Job) -> HookFuture;
    fn clean(self: Arc<Self>, job: Job, outcome: JobOutcome) -> HookFuture;
    fn change(&self, job: &Job, options: &(dyn Any + Send + Sync)) -> Result<(), Error>;
    fn notify(&self, job: &Job, notification: JobNotification);
    fn drain(self: Arc<Self>, job: Job) -> HookFuture;
}

impl Job {
    /// The job's identifier; an internal job has none.
    pub fn id(&self) -> Option<&str> {
        self.inner.options.id.as_deref()
    }

    /// The kind of work that the job does.
    pub fn job_type(&self) -> JobType {
        self.inner.options.job_type
    }

    /// The job's status.
    pub fn status(&self) -> JobStatus {
        self.read(JobState::status)
    }

    /// Whether the job has no identifier, and so is invisible to clients.
    pub fn is_internal(&self) -> bool {
        self.id().is_none()
    }

    /// Whether the job is ready to be completed, paused or not.
    pub fn is_ready(&self) -> bool {
        self.status().is_ready()
    }

    /// Whether a client or an error has paused the job. Only a client can then resume the job.
    pub fn user_paused(&self) -> bool {
        self.read(JobState::user_paused)
    }

    /// Whether the job is paused, or will be at its next pause point, for any reason.
    pub fn pause_requested(&self) -> bool {
        self.read(JobState::pause_requested)
    }

    /// Whether the driver works at this moment: the job is at work, and the driver is neither
    /// paused nor asleep. A driver of several parts is asleep while one of them is.
    pub fn is_busy(&self) -> bool {
        self.read(JobState::is_busy)
    }

    /// Whether the job has been cancelled by force, and so will fail.
    pub fn is_cancelled(&self) -> bool {
        self.read(JobState::is_cancelled)
    }

    /// Whether the job has been cancelled, by force or softly.
    pub fn cancel_requested(&self) -> bool {
        self.read(JobState::cancel_requested)
    }

    /// Whether the job is finalized automatically when it is pending.
    pub fn auto_finalize(&self) -> bool {
        self.inner.options.auto_finalize
    }

    /// Whether the job is dismissed automatically when it is concluded.
    pub fn auto_dismiss(&self) -> bool {
        self.inner.options.auto_dismiss
    }

    /// The rate limit.
    pub fn speed(&self) -> Speed {
        self.inner.rate_limit.speed()
    }

    /// The work done, and the work in total as far as is known now.
    pub fn progress(&self) -> JobProgress {
        self.inner.progress.read()
    }

    /// The time that the remaining work takes at the speed of the last seconds. `None` if the speed
    /// is not known yet or is zero, and while the job is not running. The estimate includes the
    /// rate limit of the job, as far as the limit has applied for some seconds.
    pub fn time_left(&self) -> Option<Duration> {
        let is_running = self.status() == JobStatus::Running;
        self.inner.progress.time_left().filter(|_| is_running)
    }

    /// The value that the driver has returned by [`JobHandle::set_result`].
    ///
    /// [`JobHandle::set_result`]: crate::JobHandle::set_result
    pub fn result(&self) -> Option<serde_json::Value> {
        self.inner.result.lock().clone()
    }

    /// The reason for the job's failure, if it has failed. A cancelled job has failed.
    pub fn error(&self) -> Option<Error> {
        self.read(|state| state.error().cloned())
    }

    /// The entry of this job in the reply to `query-jobs`; `None` for an internal job.
    pub fn info(&self) -> Option<JobInfo> {
        self.inner.engine.read(|machine| self.info_in(machine))
    }

    /// The job's driver, if its type is `D`. For layers that have more data about their jobs than
    /// the engine.
    pub fn driver<D: Any + Send + Sync>(&self) -> Option<Arc<D>> {
        let driver: Arc<dyn Any + Send + Sync> = Arc::clone(&self.inner.driver) as _;
        driver.downcast().ok()
    }

    /// Waits until the job is concluded or dismissed, and its events are delivered.
    ///
    /// # Errors
    /// The reason for a failure, which may be a cancel.
    pub async fn concluded(&self) -> Result<(), Error> {
        self.wait_until(|state| state.status().is_over()).await;
        self.inner.engine.drained().await;
        self.error().map_or(Ok(()), Err)
    }

    /// Waits until the driver is not [busy](Self::is_busy).
    pub async fn not_busy(&self) {
        self.wait_until(|state| !state.is_busy()).await;
    }

    /// Waits until no hook is in progress that ends this job or another member of its transaction,
    /// and all events are delivered. For a command that cancels the job, before its reply.
    pub async fn idle(&self) {
        let is_idle = |machine: &Machine| machine.is_idle(self.key());
        self.inner.engine.wait_until(|engine| engine.read(is_idle)).await;
        self.inner.engine.drained().await;
    }

    /// If a client has completed the job, or cancelled the ready job softly, waits until the job
    /// ends, is pending, or waits for something. For a command on the job, before it looks for the
    /// job: in QEMU, such a job that has nothing left to do ends before the next command is
    /// executed.
    pub async fn completed(&self) {
        if !self.inner.end_requested.load(Ordering::Relaxed) {
            return;
        }
        // The driver is woken, and runs first.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        self.wait_until(|state| state.status() != JobStatus::Ready || !state.is_busy()).await;
        self.idle().await;
    }

    /// As [`idle`](Self::idle), and waits for [`drain`](crate::JobDriver::drain) of the driver.
    /// For a command that finalizes, dismisses or resumes the job, before its reply.
    pub async fn drained(&self) {
        self.idle().await;
        if let Err(error) = Arc::clone(self.hooks()).drain(self.clone()).await {
            self.fail(error);
        }
        self.inner.engine.drained().await;
    }
}

impl Job {
    pub(crate) fn new(
        key: JobKey,
        options: JobOptions,
        driver: Arc<dyn DynDriver>,
        engine: &Arc<Engine>,
        transaction: Arc<TransactionRef>,
    ) -> Self {
        let inner = Inner {
            key,
            engine: Arc::clone(engine),
            _transaction: transaction,
            rate_limit: RateLimit::new(options.speed),
            options,
            driver,
            progress: Progress::default(),
            entries: EventCount::default(),
            changes: EventCount::default(),
            end_requested: AtomicBool::new(false),
            result: Mutex::default(),
            created_at: SystemTime::now(),
            runtime: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn set_result(&self, result: serde_json::Value) {
        *self.inner.result.lock() = Some(result);
    }

    /// The record of the job, which is over or about to be concluded. `None` for a job without a
    /// record: an internal one, or one that was never started.
    pub(crate) fn record(&self, error: Option<&Error>) -> Option<JobRecord> {
        let progress = self.progress();
        let (started, cancelled, failed) = self.read(|state| {
            (state.was_started(), state.is_cancelled(), state.error().or(error).cloned())
        });
        if !started {
            return None;
        }
        let end = match &failed {
            None => JobEnd::Completed,
            Some(_) if cancelled => JobEnd::Cancelled,
            Some(_) => JobEnd::Failed,
        };
        Some(JobRecord {
            id: self.id()?.to_owned(),
            job_type: self.job_type().as_str().to_owned(),
            end,
            error: failed.map(|error| error.desc().to_owned()),
            result: self.result(),
            current_progress: i64::try_from(progress.current).unwrap_or(i64::MAX),
            total_progress: i64::try_from(progress.total).unwrap_or(i64::MAX),
            created_at: microseconds(self.inner.created_at),
            ended_at: microseconds(SystemTime::now()),
        })
    }

    pub(crate) fn key(&self) -> JobKey {
        self.inner.key
    }

    pub(crate) fn hooks(&self) -> &Arc<dyn DynDriver> {
        &self.inner.driver
    }

    pub(crate) fn rate_limit(&self) -> &RateLimit {
        &self.inner.rate_limit
    }

    /// The counts behind [`progress`](Self::progress).
    pub(crate) fn counts(&self) -> &Progress {
        &self.inner.progress
    }

    /// Counts the wake-ups of the driver.
    pub(crate) fn entries(&self) -> &EventCount {
        &self.inner.entries
    }

    /// The owner of the engine, unless the program has dropped it.
    pub(crate) fn owner(&self) -> Option<Arc<Owner>> {
        self.inner.engine.owner()
    }

    /// The runtime that the driver was started on, if it was.
    pub(crate) fn runtime(&self) -> Option<Handle> {
        self.inner.runtime.get().cloned().flatten()
    }

    pub(crate) fn info_in(&self, machine: &Machine) -> Option<JobInfo> {
        let progress = self.progress();
        let state = machine.job(self.key());
        Some(JobInfo {
            id: self.id()?.to_owned(),
            job_type: self.job_type(),
            status: state.status(),
            current_progress: i64::try_from(progress.current).unwrap_or(i64::MAX),
            total_progress: i64::try_from(progress.total).unwrap_or(i64::MAX),
            error: state.error().map(|error| error.desc().to_owned()),
        })
    }

    /// Reads the state.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&JobState) -> R) -> R {
        self.inner.engine.read(|machine| read(machine.job(self.key())))
    }

    /// Takes a step of the machine, and carries out its effects.
    pub(crate) fn apply<R>(&self, step: impl FnOnce(&mut Machine, JobKey) -> R) -> R {
        self.inner.engine.apply(|machine| step(machine, self.key()))
    }

    /// Takes a step of this job alone, and carries out its effects.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut JobState, &mut Effects) -> R) -> R {
        self.apply(|machine, key| machine.update(key, change))
    }

    /// Makes the job fail. The first error of a job counts.
    pub(crate) fn fail(&self, error: Error) {
        self.apply(|machine, key| machine.fail(key, error));
    }

    /// Wakes the driver if it sleeps. A paused job stays paused.
    pub(crate) fn wake_driver(&self) {
        self.inner.entries.notify();
    }

    pub(crate) fn wake_waiters(&self) {
        self.inner.changes.notify();
    }

    /// Waits until the job is gone, and its events are delivered.
    pub(crate) async fn gone(&self) {
        self.wait_until(|state| state.status() == JobStatus::Null).await;
        self.inner.engine.drained().await;
    }

    pub(crate) async fn wait_until(&self, condition: impl Fn(&JobState) -> bool) {
        loop {
            let seen = self.inner.changes.count();
            if self.read(&condition) {
                return;
            }
            self.inner.changes.wait_past(seen).await;
        }
    }
}

/// A time as microseconds since 1970.
fn microseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.engine.release_job(self.key);
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
