//! The verbs: what a client may request of a job. Each verb first checks the table. Daemons cancel
//! and pause jobs without a verb.

use std::any::Any;
use std::sync::atomic::Ordering;

use qapi_core::Error;

use super::Job;
use crate::machine::job::JobState;
use crate::messages;
use crate::options::{CancelMode, Speed};
use crate::schema::{JobStatus, JobVerb};

/// Checks that the job called `id`, in `status`, accepts `verb`.
///
/// # Errors
/// `Job 'ID' in state 'STATUS' cannot accept command verb 'VERB'`.
pub fn check_verb(id: &str, verb: JobVerb, status: JobStatus) -> Result<(), Error> {
    if verb.allowed_in(status) { Ok(()) } else { Err(messages::verb_refused(id, verb, status)) }
}

/// The verbs. A verb that the table does not allow fails with `Job 'ID' in state 'STATUS' cannot
/// accept command verb 'VERB'`. Each verb documents its other errors.
impl Job {
    /// Pauses the job at its next pause point.
    ///
    /// # Errors
    /// `Job is already paused`, by a client or by an error.
    pub fn user_pause(&self) -> Result<(), Error> {
        self.update(|job, _| {
            self.check(job, JobVerb::Pause)?;
            if job.begin_user_pause() { Ok(()) } else { Err(messages::already_paused()) }
        })?;
        self.wake_driver();
        Ok(())
    }

    /// Ends the pause of a client or of an error. If that was the last pause, the job has left it
    /// when this returns.
    ///
    /// # Errors
    /// `Can't resume a job that was not paused`, in any state.
    pub fn user_resume(&self) -> Result<(), Error> {
        self.update(|job, _| {
            if !job.user_paused() {
                return Err(messages::not_paused());
            }
            self.check(job, JobVerb::Resume)?;
            job.take_user_pause();
            Ok(())
        })?;
        self.hooks().user_resume(self);
        self.update(|job, effects| job.end_pause(effects));
        Ok(())
    }

    /// Cancels the job. The kind of job decides how a [soft](CancelMode::Soft) cancel ends the job.
    ///
    /// A job at work ends when its driver notices. A waiting or pending job has ended when this
    /// returns, unless its transaction waits for members at work or for hooks: [`idle`](Self::idle)
    /// waits for hooks.
    ///
    /// # Errors
    /// Only the error of the table.
    pub fn user_cancel(&self, mode: CancelMode) -> Result<(), Error> {
        self.apply_verb(JobVerb::Cancel)?;
        self.cancel_unless_over(mode);
        if self.read(|job| job.cancel_requested() && !job.is_cancelled()) {
            self.inner.end_requested.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Finishes a ready job. A job in standby finishes when it is resumed.
    ///
    /// # Errors
    /// The errors of the driver, or `The active block job 'ID' cannot be completed` if the job has
    /// been cancelled, or if its kind cannot be completed.
    pub fn complete(&self) -> Result<(), Error> {
        self.apply_verb(JobVerb::Complete)?;
        if self.cancel_requested() {
            return Err(messages::cannot_complete(self.id().unwrap_or_default()));
        }
        self.hooks().complete(self)?;
        self.inner.end_requested.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the results of a pending job and of all other members of its transaction final. The
    /// members are concluded when this returns. If a hook waits, they are concluded when
    /// [`idle`](Self::idle) returns.
    ///
    /// # Errors
    /// Only the error of the table. If the job fails now, [`error`](Self::error) returns the
    /// reason.
    pub fn finalize(&self) -> Result<(), Error> {
        self.apply_verb(JobVerb::Finalize)?;
        self.apply(|machine, key| machine.finalize(key));
        Ok(())
    }

    /// Removes a concluded job. Its identifier is free when this returns.
    ///
    /// # Errors
    /// Only the error of the table.
    pub fn dismiss(&self) -> Result<(), Error> {
        self.apply(|machine, key| {
            self.check(machine.job(key), JobVerb::Dismiss)?;
            machine.dismiss_if_concluded(key);
            Ok(())
        })
    }

    /// Sets the rate limit. A job that sleeps for its limit wakes at once if it may now go faster.
    ///
    /// # Errors
    /// Only the error of the table.
    pub fn set_speed(&self, speed: Speed) -> Result<(), Error> {
        self.apply_verb(JobVerb::SetSpeed)?;
        let old = self.rate_limit().set_speed(speed);
        if speed.is_unlimited() || speed.bytes_per_second() > old.bytes_per_second() {
            self.wake_driver();
        }
        Ok(())
    }

    /// Changes options of the job. The caller and the driver agree on their type.
    ///
    /// # Errors
    /// The errors of the driver, or `Job type does not support change`.
    pub fn change(&self, options: &(dyn Any + Send + Sync)) -> Result<(), Error> {
        self.apply_verb(JobVerb::Change)?;
        self.hooks().change(self, options)
    }

    /// Checks that the job accepts a verb now; for verbs that a layer above carries out.
    ///
    /// # Errors
    /// Only the error of the table.
    pub fn apply_verb(&self, verb: JobVerb) -> Result<(), Error> {
        self.read(|job| self.check(job, verb))
    }

    fn check(&self, job: &JobState, verb: JobVerb) -> Result<(), Error> {
        check_verb(self.id().unwrap_or_default(), verb, job.status())
    }
}

/// Cancels, for clients and for daemons that shut down.
impl Job {
    /// Cancels the job in any status, as a daemon does at shutdown. A concluded job is dismissed.
    /// [`user_cancel`](Self::user_cancel) is for clients.
    ///
    /// A job at work ends when its driver notices the cancel. Any other job is over when this
    /// method returns, unless its transaction waits for members at work or for hooks.
    pub fn cancel(&self, mode: CancelMode) {
        if !self.apply(|machine, key| machine.dismiss_if_concluded(key)) {
            self.cancel_unless_over(mode);
        }
    }

    /// Cancels the job if its status allows a cancel. A forced cancel also affects the transaction.
    ///
    /// If any member of the transaction is at work, every waiting member is cancelled with the job:
    /// clients see those members fail before the reply to the cancel, as with QEMU. If the job
    /// itself is not at work, the transaction is aborted at once.
    pub(super) fn cancel_unless_over(&self, mode: CancelMode) {
        self.request_cancel(mode);
        let key = self.key();
        let (is_cancelled, is_at_work, others) = self.inner.engine.read(|machine| {
            let job = machine.job(key);
            (job.is_cancelled(), job.status().is_at_work(), machine.others_beside_work(key))
        });
        if !is_cancelled {
            return;
        }
        if !others.is_empty() {
            for member in others.into_iter().filter_map(|member| self.inner.engine.job(member)) {
                if member.status() == JobStatus::Waiting {
                    member.request_cancel(CancelMode::Force);
                }
            }
            self.apply(|machine, key| machine.fail_cancelled_waiting(key));
        }
        if !is_at_work {
            self.apply(|machine, key| machine.abort(key));
        }
    }

    /// Marks the job as cancelled, and wakes its driver.
    ///
    /// The driver decides whether a soft cancel takes effect as a forced cancel. Every cancel ends
    /// the pause that a client or an error began. A forced cancel ends all other pauses too.
    pub(super) fn request_cancel(&self, mode: CancelMode) {
        if !self.read(|state| state.can_be_cancelled()) {
            return;
        }
        // A driver cannot weaken a cancel.
        let mode = self.hooks().cancel(self, mode).max(mode);
        let was_paused = self.update(|job, effects| {
            let was_paused = job.take_user_pause();
            if !was_paused {
                job.mark_cancelled(mode, effects);
            }
            was_paused
        });
        if was_paused {
            self.hooks().user_resume(self);
            self.update(|job, effects| {
                job.end_pause(effects);
                job.mark_cancelled(mode, effects);
            });
        }
        self.wake_driver();
    }
}

/// A pause of a job for an internal reason. Clients cannot end the pause. The drop of the guard
/// ends it.
#[derive(Debug)]
#[must_use = "the pause ends when the guard is dropped"]
pub struct PauseGuard {
    job: Job,
}

impl PauseGuard {
    /// Waits until the job is paused, or is not at work at all.
    pub async fn paused(&self) {
        let is_paused = |status: JobStatus| status.is_paused() || !status.is_at_work();
        self.job.wait_until(|state| is_paused(state.status())).await;
    }
}

impl Drop for PauseGuard {
    fn drop(&mut self) {
        self.job.update(|job, effects| job.end_pause(effects));
    }
}

impl Job {
    /// Pauses the job at its next pause point for an internal reason. Pauses are counted: a job
    /// is paused while there is one.
    pub fn pause(&self) -> PauseGuard {
        self.update(|job, effects| job.begin_pause(effects));
        PauseGuard { job: self.clone() }
    }
}
