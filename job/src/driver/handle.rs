//! A job, as its driver sees it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::job::Job;
use crate::messages;
use crate::options::Speed;

/// A job, as its driver sees it: its pause points, its progress, its speed.
///
/// Cloning is cheap. Several parts of one driver may use clones side by side.
pub struct JobHandle {
    job: Job,
    /// The number of wake-ups that this handle has seen.
    seen: AtomicU64,
}

/// The error of a pause point: the job has been cancelled by force, or has failed elsewhere, and
/// the driver must return.
///
/// This error converts into the [`Error`](qapi_core::Error) `Operation canceled`, and a driver can
/// pass it on with `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(messages::canceled().desc())
    }
}

impl std::error::Error for Cancelled {}

impl JobHandle {
    pub(super) fn new(job: Job) -> Self {
        let seen = AtomicU64::new(job.entries().count());
        Self { job, seen }
    }

    /// The job, as clients and the layers above see it.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The job's identifier; an internal job has none.
    pub fn id(&self) -> Option<&str> {
        self.job.id()
    }

    /// Whether the job has been cancelled by force. The pause points report a forced cancel
    /// too.
    pub fn is_cancelled(&self) -> bool {
        self.job.is_cancelled()
    }

    /// Whether the job has been cancelled, by force or softly. No pause point reports a soft
    /// cancel.
    pub fn cancel_requested(&self) -> bool {
        self.job.cancel_requested()
    }

    /// Whether the job is ready to be completed.
    pub fn is_ready(&self) -> bool {
        self.job.is_ready()
    }

    /// The rate limit.
    pub fn speed(&self) -> Speed {
        self.job.speed()
    }

    /// Adds to the work done, in the unit of this kind of job.
    pub fn advance(&self, done: u64) {
        self.job.counts().advance(done);
    }

    /// Sets the total to the work done and `remaining` more.
    pub fn set_remaining(&self, remaining: u64) {
        self.job.counts().set_remaining(remaining);
    }

    /// Adds to the total.
    pub fn increase_remaining(&self, more: u64) {
        self.job.counts().increase_remaining(more);
    }

    /// Sets the result of the job: a value that clients receive with its end, in a form that the
    /// kind of job determines. The last call counts. QEMU's commands and events do not show the
    /// result; [`Job::result`] and [`extensions`](crate::extensions) do.
    ///
    /// The result stays in memory until the job is dismissed, so it should be short.
    pub fn set_result(&self, result: serde_json::Value) {
        self.job.set_result(result);
    }

    /// Makes the job ready: the bulk of its work is done, and it can be completed at any time. A
    /// paused job becomes ready when its pause ends. Does nothing in any other status.
    pub fn ready(&self) {
        self.job.update(|job, effects| job.become_ready(effects));
    }

    /// Wakes the driver if it sleeps; for hooks, and for other tasks of the driver. No wake-up is
    /// lost: if the driver is busy, its next [`sleep`](Self::sleep) or [`entered`](Self::entered)
    /// returns at once. A paused job stays paused.
    pub fn enter(&self) {
        self.job.wake_driver();
    }

    /// Pauses the job at its next pause point because of an error, until a client resumes the job.
    /// If a client has already paused the job, this method adds no second pause.
    pub fn pause_for_error(&self) {
        self.job.update(|job, _| job.begin_user_pause());
    }

    /// Waits while the job is paused.
    ///
    /// Returns at once if the job is not paused. From time to time, this method first yields to
    /// other tasks of the thread. A driver that waits for nothing else therefore does not block
    /// those tasks.
    ///
    /// # Errors
    /// [`Cancelled`] if the driver must return.
    pub async fn pause_point(&self) -> Result<(), Cancelled> {
        // The yield precedes the read of the state, because other tasks may change the state.
        tokio::task::coop::consume_budget().await;
        if self.job.update(|job, effects| job.pause_point(effects)) {
            self.job.wait_until(|job| !job.status().is_paused()).await;
            self.job.counts().restart_estimate();
        }
        self.check_cancelled()
    }

    /// Sleeps, and then passes a pause point. The sleep ends early when the job is to pause or to
    /// stop, when its speed is raised, and whenever [`enter`](Self::enter) is called.
    ///
    /// # Errors
    /// [`Cancelled`] if the driver must return.
    pub async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        self.sleep_until(tokio::time::sleep(duration)).await
    }

    /// Sleeps until [`enter`](Self::enter) is called, and then passes a pause point. The method may
    /// also return without such a call, so check the condition that you wait for. QEMU's name is
    /// `job_yield`.
    ///
    /// # Errors
    /// [`Cancelled`] if the driver must return.
    pub async fn entered(&self) -> Result<(), Cancelled> {
        self.sleep_until(std::future::pending()).await
    }

    /// Passes a pause point, and waits until the job's speed allows the next `bytes`. Call it
    /// before each piece is copied, with pieces of a size that fits the speed.
    ///
    /// The first piece passes at once. Each further piece passes after the time that the previous
    /// piece takes at the job's speed. After a pause the job continues at its speed and does not
    /// catch up.
    ///
    /// # Errors
    /// [`Cancelled`] if the driver must return.
    pub async fn throttle(&self, bytes: u64) -> Result<(), Cancelled> {
        // A driver that waits for nothing else must not block other tasks.
        tokio::task::yield_now().await;
        self.pause_point().await?;
        while let Err(wait) = self.job.rate_limit().take(bytes) {
            self.sleep(wait).await?;
        }
        Ok(())
    }

    /// Counts `bytes` against the job's speed without waiting. Call [`throttle`](Self::throttle)
    /// with 0 bytes first. Between the two calls, a driver can choose the number of bytes to fit
    /// the present speed. Does nothing while the speed does not yet allow further bytes.
    pub fn charge(&self, bytes: u64) {
        let _ = self.job.rate_limit().take(bytes);
    }

    fn check_cancelled(&self) -> Result<(), Cancelled> {
        if self.job.read(|job| job.should_stop()) { Err(Cancelled) } else { Ok(()) }
    }

    async fn sleep_until(&self, end: impl Future<Output = ()>) -> Result<(), Cancelled> {
        let (should_stop, should_pause) =
            self.job.read(|job| (job.should_stop(), job.should_pause()));
        if should_stop {
            return Err(Cancelled);
        }
        if !should_pause {
            let _asleep = SleepGuard::new(&self.job);
            let seen = self.seen.load(Ordering::Acquire);
            // `biased` avoids a random choice: a test can repeat a run.
            tokio::select! {
                biased;
                now = self.job.entries().wait_past(seen) => {
                    self.seen.store(now, Ordering::Release);
                }
                () = end => {}
            }
        }
        self.pause_point().await
    }
}

impl Clone for JobHandle {
    fn clone(&self) -> Self {
        Self { job: self.job.clone(), seen: AtomicU64::new(self.seen.load(Ordering::Acquire)) }
    }
}

impl std::fmt::Debug for JobHandle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("JobHandle").field(&self.job).finish()
    }
}

/// While this guard exists, a part of the driver sleeps.
struct SleepGuard<'a> {
    job: &'a Job,
}

impl<'a> SleepGuard<'a> {
    fn new(job: &'a Job) -> Self {
        job.update(|job, effects| job.begin_sleep(effects));
        Self { job }
    }
}

impl Drop for SleepGuard<'_> {
    fn drop(&mut self) {
        self.job.update(|job, _| job.end_sleep());
    }
}
