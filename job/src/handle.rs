//! A job as its driver sees it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use qapi_core::Error;

use crate::job::{Job, State};
use crate::messages;
use crate::state::JobStatus;

/// A job as its driver sees it: its pause points, its progress, its wishes.
///
/// Cloning is cheap. Several parts of one driver may use clones side by side.
pub struct JobHandle {
    job: Job,
    /// The wake-ups that this handle has answered.
    seen: AtomicU64,
}

/// The job has been cancelled by force, or has failed elsewhere: the driver is to return.
///
/// As an [`Error`] it is `Operation canceled`, so that a driver hands it on with `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(messages::canceled().desc())
    }
}

impl std::error::Error for Cancelled {}

impl From<Cancelled> for Error {
    fn from(Cancelled: Cancelled) -> Self {
        messages::canceled()
    }
}

impl JobHandle {
    pub(crate) fn new(job: Job) -> Self {
        let seen = AtomicU64::new(job.inner().wakeup.count());
        Self { job, seen }
    }

    /// The job as everyone else sees it.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The job's identifier; an internal job has none.
    pub fn id(&self) -> Option<&str> {
        self.job.id()
    }

    /// Whether the job has been cancelled by force. The pause points say so too.
    pub fn is_cancelled(&self) -> bool {
        self.job.is_cancelled()
    }

    /// Whether the job has been cancelled, by force or softly. A soft cancel is for the driver to
    /// notice here; no pause point tells.
    pub fn cancel_requested(&self) -> bool {
        self.job.cancel_requested()
    }

    /// Whether the job is ready to complete.
    pub fn is_ready(&self) -> bool {
        self.job.is_ready()
    }

    /// The rate limit in bytes a second; 0 is none.
    pub fn speed(&self) -> i64 {
        self.job.speed()
    }

    /// Says that `done` more is done. What is done never becomes less.
    pub fn advance(&self, done: u64) {
        self.job.inner().progress.advance(done);
    }

    /// Says how much is left to do.
    pub fn set_remaining(&self, remaining: u64) {
        self.job.inner().progress.set_remaining(remaining);
    }

    /// Says that there is `more` to do than was known.
    pub fn increase_remaining(&self, more: u64) {
        self.job.inner().progress.increase_remaining(more);
    }

    /// Says that the bulk of the work is done, and that the job can complete whenever it is told
    /// to. In a pause, this takes effect when the pause ends. To say it again changes nothing.
    pub fn ready(&self) {
        self.job.update(|state| match state.status {
            JobStatus::Running => self.job.become_ready(state),
            JobStatus::Paused => state.ready_after_pause = true,
            JobStatus::Undefined
            | JobStatus::Created
            | JobStatus::Ready
            | JobStatus::Standby
            | JobStatus::Waiting
            | JobStatus::Pending
            | JobStatus::Aborting
            | JobStatus::Concluded
            | JobStatus::Null => {}
        });
    }

    /// Wakes the driver if it sleeps or idles: for hooks, and for whoever else works for the job.
    /// A wake-up is never lost: if the driver is busy, its next [`sleep`](Self::sleep) or
    /// [`idle`](Self::idle) returns at once. A job that rests in a pause goes on resting.
    pub fn enter(&self) {
        self.job.enter();
    }

    /// Has the job rest at its next pause point because of an error, until a client resumes it. A
    /// pause by a client, if there is one already, serves as this one.
    pub fn pause_for_error(&self) {
        self.job.update(|state| {
            if !state.user_paused {
                state.user_paused = true;
                state.pause_count += 1;
            }
        });
    }

    /// Rests here as long as anyone wants the job to.
    ///
    /// Otherwise it returns at once, but every now and then lets everyone else on the thread have
    /// a turn first, so that a driver which never waits for anything else stops nobody.
    ///
    /// # Errors
    /// [`Cancelled`] when the driver is to give up.
    pub async fn pause_point(&self) -> Result<(), Cancelled> {
        // Before the state is looked at: a turn of the others may change it.
        tokio::task::coop::consume_budget().await;
        let should_rest = {
            let state = self.job.lock();
            state.should_pause() || state.status.is_paused()
        };
        if should_rest {
            self.rest().await;
        }
        self.check_cancelled()
    }

    /// Sleeps, and passes a pause point. Wakes early when the job is to pause or was given a
    /// higher speed, and whenever [`enter`](Self::enter) is called.
    ///
    /// # Errors
    /// [`Cancelled`] when the driver is to give up.
    pub async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        self.yield_until(tokio::time::sleep(duration)).await
    }

    /// Waits for a wake-up, and passes a pause point. It may return without any reason: check what
    /// was waited for.
    ///
    /// # Errors
    /// [`Cancelled`] when the driver is to give up.
    pub async fn idle(&self) -> Result<(), Cancelled> {
        self.yield_until(std::future::pending()).await
    }

    /// Passes a pause point, and waits until the job's speed allows the next `bytes`. To be called
    /// before they are copied, in pieces of a size that fits the speed.
    ///
    /// The first piece passes at once; the next as soon as the time that the first one costs is
    /// over. After a pause the job goes on at its speed and does not catch up.
    ///
    /// # Errors
    /// [`Cancelled`] when the driver is to give up.
    pub async fn throttle(&self, bytes: u64) -> Result<(), Cancelled> {
        // A driver that never waits for anything else would keep everyone else waiting.
        tokio::task::yield_now().await;
        self.pause_point().await?;
        while let Err(wait) = self.job.inner().rate_limit.take(bytes) {
            self.sleep(wait).await?;
        }
        Ok(())
    }

    /// Counts `bytes` for the job's speed without any wait, where [`throttle`](Self::throttle) for
    /// no bytes has said that they may be copied: between the two, a driver finds out how many
    /// bytes fit the speed of that moment. Does nothing while earlier ones are not paid off.
    pub fn charge(&self, bytes: u64) {
        let _ = self.job.inner().rate_limit.take(bytes);
    }

    fn check_cancelled(&self) -> Result<(), Cancelled> {
        if self.job.lock().should_stop() { Err(Cancelled) } else { Ok(()) }
    }

    async fn yield_until(&self, over: impl Future<Output = ()>) -> Result<(), Cancelled> {
        self.check_cancelled()?;
        let should_pause = self.job.lock().should_pause();
        if !should_pause {
            let _idle = Idle::new(&self.job);
            let seen = self.seen.load(Ordering::Acquire);
            // In order, so that a job does the same again when the same happens again.
            tokio::select! {
                biased;
                now = self.job.inner().wakeup.after(seen) => {
                    self.seen.store(now, Ordering::Release);
                }
                () = over => {}
            }
        }
        self.pause_point().await
    }

    async fn rest(&self) {
        self.job.hook_pause();
        let _resting = Resting { job: &self.job };
        self.job.update(|state| self.enter_pause(state));
        self.job.wait_until(|state| !state.status.is_paused()).await;
    }

    /// Goes to paused or standby, unless the reason is gone or another part of the driver rests
    /// already.
    fn enter_pause(&self, state: &mut State) {
        if !state.should_pause() {
            return;
        }
        match state.status {
            JobStatus::Running => self.job.move_to(state, JobStatus::Paused),
            JobStatus::Ready => self.job.move_to(state, JobStatus::Standby),
            JobStatus::Undefined
            | JobStatus::Created
            | JobStatus::Paused
            | JobStatus::Standby
            | JobStatus::Waiting
            | JobStatus::Pending
            | JobStatus::Aborting
            | JobStatus::Concluded
            | JobStatus::Null => {}
        }
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

/// A part of the driver sleeps or idles while this lives.
struct Idle<'a> {
    job: &'a Job,
}

impl<'a> Idle<'a> {
    fn new(job: &'a Job) -> Self {
        job.begin_idle();
        Self { job }
    }
}

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.job.lock().idle -= 1;
    }
}

/// A part of the driver rests in a pause while this lives. The driver hears of the end of it even
/// if that part gives up waiting, as a branch of `select!` does.
struct Resting<'a> {
    job: &'a Job,
}

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        self.job.hook_resume();
    }
}
