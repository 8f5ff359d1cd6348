//! The state of one job, and the effects of its steps. The fields of the state are private: they
//! change through the methods here alone.

use std::sync::Arc;

use qapi_core::Error;

use crate::events::JobNotification;
use crate::messages;
use crate::options::{CancelMode, JobOptions};
use crate::schema::JobStatus;
use crate::state::transition;

/// The number of a job: unique in its engine, and growing with each job created.
pub(crate) type JobKey = u64;

/// The number of a transaction: unique in its engine.
pub(crate) type TransactionKey = u64;

/// One effect of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The job has moved to this status: report it to clients, and wake the tasks that wait for the
    /// job.
    Moved(JobKey, JobStatus),
    /// Call [`notify`](crate::JobDriver::notify) of the job's driver, in order with the status
    /// changes of all jobs.
    Notify(JobKey, JobNotification),
    /// Wake the tasks that wait for the job.
    Changed(JobKey),
    /// Wake the job's driver if it sleeps.
    Enter(JobKey),
    /// Wake the tasks that wait for transactions to become idle.
    Idle,
    /// Take the [steps](super::Machine::next_step) of the transaction, after the delivery of
    /// events.
    Run(TransactionKey),
}

/// The effects of the present step, in order.
pub(crate) type Effects = Vec<Effect>;

/// The part of a job that changes.
#[derive(Debug)]
pub(crate) struct JobState {
    key: JobKey,
    id: Option<Arc<str>>,
    auto_finalize: bool,
    auto_dismiss: bool,
    /// `None` for a job that came too late for its transaction, and cannot be started.
    transaction: Option<TransactionKey>,
    status: JobStatus,
    /// Whether the driver has ever run.
    started: bool,
    /// The number of parts of the driver that sleep.
    sleeping: u32,
    /// The number of pauses in force. The pause of a client or of an error counts as one.
    pause_count: u32,
    user_paused: bool,
    /// The job became ready in a pause. It moves to ready when the pause ends.
    ready_after_pause: bool,
    cancel: Option<CancelMode>,
    /// Success or failure is decided: too late to cancel.
    decided: bool,
    error: Option<Error>,
}

impl JobState {
    pub(crate) fn new(
        key: JobKey,
        options: &JobOptions,
        transaction: Option<TransactionKey>,
    ) -> Self {
        Self {
            key,
            id: options.id.as_deref().map(Arc::from),
            auto_finalize: options.auto_finalize,
            auto_dismiss: options.auto_dismiss,
            transaction,
            status: JobStatus::Undefined,
            started: false,
            sleeping: 0,
            pause_count: 0,
            user_paused: false,
            ready_after_pause: false,
            cancel: None,
            decided: false,
            error: None,
        }
    }

    pub(crate) fn id(&self) -> Option<&Arc<str>> {
        self.id.as_ref()
    }

    pub(crate) fn transaction(&self) -> Option<TransactionKey> {
        self.transaction
    }

    pub(crate) fn auto_finalize(&self) -> bool {
        self.auto_finalize
    }

    /// Whether the job is dismissed as soon as it is concluded. A job that was never started is
    /// always dismissed: its command has failed, so that no client expects to dismiss it.
    pub(crate) fn dismisses_itself(&self) -> bool {
        self.auto_dismiss || !self.started
    }

    pub(crate) fn status(&self) -> JobStatus {
        self.status
    }

    pub(crate) fn user_paused(&self) -> bool {
        self.user_paused
    }

    pub(crate) fn pause_requested(&self) -> bool {
        self.pause_count > 0
    }

    pub(crate) fn cancel_requested(&self) -> bool {
        self.cancel.is_some()
    }

    /// Whether the driver has ever run.
    pub(crate) fn was_started(&self) -> bool {
        self.started
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel == Some(CancelMode::Force)
    }

    pub(crate) fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Whether the driver must return.
    pub(crate) fn should_stop(&self) -> bool {
        self.is_cancelled() || self.error.is_some()
    }

    /// Whether the driver must pause.
    pub(crate) fn should_pause(&self) -> bool {
        self.pause_count > 0 && !self.should_stop()
    }

    /// Whether the driver does something now: it neither sleeps, nor is paused, nor is over.
    pub(crate) fn is_busy(&self) -> bool {
        self.sleeping == 0 && self.status.is_at_work() && !self.status.is_paused()
    }

    /// Whether a cancel can still change the result.
    pub(crate) fn can_be_cancelled(&self) -> bool {
        !self.decided && !self.status.is_over()
    }

    pub(crate) fn move_to(&mut self, status: JobStatus, effects: &mut Effects) {
        if let Err(illegal) = transition(self.status, status) {
            // A bug in the engine. The job stays in its status, which does the least harm.
            debug_assert!(false, "{illegal}");
            tracing::error!(id = self.id.as_deref(), %illegal, "a job was to make an illegal move");
            return;
        }
        self.status = status;
        effects.push(Effect::Moved(self.key, status));
    }

    /// Starts the job, unless it has been cancelled or has failed. Returns whether it is started.
    pub(crate) fn start(&mut self, effects: &mut Effects) -> bool {
        if self.status != JobStatus::Created || self.should_stop() {
            return false;
        }
        self.started = true;
        self.move_to(JobStatus::Running, effects);
        true
    }

    pub(crate) fn begin_sleep(&mut self, effects: &mut Effects) {
        self.sleeping += 1;
        effects.push(Effect::Changed(self.key));
    }

    pub(crate) fn end_sleep(&mut self) {
        self.sleeping -= 1;
    }

    pub(crate) fn begin_pause(&mut self, effects: &mut Effects) {
        self.pause_count += 1;
        effects.push(Effect::Enter(self.key));
    }

    /// Begins the pause of a client or of an error, unless there is one. Returns whether it did.
    pub(crate) fn begin_user_pause(&mut self) -> bool {
        if self.user_paused {
            return false;
        }
        self.user_paused = true;
        self.pause_count += 1;
        true
    }

    /// Takes the pause of a client or of an error. Returns whether there was one: the caller must
    /// then [end](Self::end_pause) it.
    pub(crate) fn take_user_pause(&mut self) -> bool {
        std::mem::take(&mut self.user_paused)
    }

    /// Ends one pause. If it was the last, the job leaves the status `paused` or `standby` at once,
    /// before its driver is polled. A client therefore receives the event before the reply to its
    /// command.
    pub(crate) fn end_pause(&mut self, effects: &mut Effects) {
        self.pause_count = self.pause_count.saturating_sub(1);
        if self.pause_count == 0 {
            self.leave_pause(effects);
        }
    }

    /// Passes a pause point. Returns whether the job is paused now.
    pub(crate) fn pause_point(&mut self, effects: &mut Effects) -> bool {
        if self.should_pause() {
            match self.status {
                JobStatus::Running => self.move_to(JobStatus::Paused, effects),
                JobStatus::Ready => self.move_to(JobStatus::Standby, effects),
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
        self.status.is_paused()
    }

    /// Moves back to the status before the pause.
    pub(crate) fn leave_pause(&mut self, effects: &mut Effects) {
        match self.status {
            JobStatus::Paused => {
                self.move_to(JobStatus::Running, effects);
                if std::mem::take(&mut self.ready_after_pause) {
                    self.become_ready(effects);
                }
            }
            JobStatus::Standby => self.move_to(JobStatus::Ready, effects),
            JobStatus::Undefined
            | JobStatus::Created
            | JobStatus::Running
            | JobStatus::Ready
            | JobStatus::Waiting
            | JobStatus::Pending
            | JobStatus::Aborting
            | JobStatus::Concluded
            | JobStatus::Null => {}
        }
    }

    /// The driver has done the bulk of its work.
    pub(crate) fn become_ready(&mut self, effects: &mut Effects) {
        match self.status {
            JobStatus::Running => {
                self.move_to(JobStatus::Ready, effects);
                effects.push(Effect::Notify(self.key, JobNotification::Ready));
            }
            JobStatus::Paused => self.ready_after_pause = true,
            JobStatus::Undefined
            | JobStatus::Created
            | JobStatus::Ready
            | JobStatus::Standby
            | JobStatus::Waiting
            | JobStatus::Pending
            | JobStatus::Aborting
            | JobStatus::Concluded
            | JobStatus::Null => {}
        }
    }

    pub(crate) fn become_pending(&mut self, effects: &mut Effects) {
        self.move_to(JobStatus::Pending, effects);
        if !self.auto_finalize {
            effects.push(Effect::Notify(self.key, JobNotification::Pending));
        }
    }

    /// Records a cancel, as far as the status allows it. A forced cancel ends every pause.
    pub(crate) fn mark_cancelled(&mut self, mode: CancelMode, effects: &mut Effects) {
        if self.decided {
            return;
        }
        match self.status {
            JobStatus::Created => self.cancel = Some(CancelMode::Force),
            JobStatus::Running | JobStatus::Paused | JobStatus::Ready | JobStatus::Standby => {
                self.cancel = self.cancel.max(Some(mode));
                if mode == CancelMode::Force {
                    self.leave_pause(effects);
                }
            }
            // The work is done: only force can still undo it.
            JobStatus::Waiting | JobStatus::Pending => {
                if mode == CancelMode::Force {
                    self.cancel = Some(mode);
                }
            }
            // The job already fails for another reason.
            JobStatus::Undefined
            | JobStatus::Aborting
            | JobStatus::Concluded
            | JobStatus::Null => {}
        }
    }

    /// Records a failure. The first error counts. The driver leaves its pause, so that it can
    /// return.
    pub(crate) fn record_error(&mut self, error: Error, effects: &mut Effects) {
        self.error.get_or_insert(error);
        self.leave_pause(effects);
    }

    /// Moves to aborting if the job has failed or been cancelled. Returns whether it has.
    pub(crate) fn abort_if_failed(&mut self, effects: &mut Effects) -> bool {
        if self.is_cancelled() && self.error.is_none() {
            self.error = Some(messages::canceled());
        }
        let failed = self.error.is_some();
        if failed && self.status != JobStatus::Aborting {
            self.move_to(JobStatus::Aborting, effects);
        }
        failed
    }

    /// Decides that the job succeeds: from now on it cannot be cancelled.
    pub(crate) fn decide_success(&mut self) {
        self.decided = true;
    }

    /// The outcome of the job, which is final from now on.
    pub(crate) fn decide(&mut self, effects: &mut Effects) -> JobOutcome {
        let succeeds = std::mem::replace(&mut self.decided, true);
        if !succeeds && self.abort_if_failed(effects) {
            JobOutcome::Failure
        } else {
            JobOutcome::Success
        }
    }

    /// Reports that the job is cleaned up, if it ever ran.
    pub(crate) fn notify_finalized(&self, effects: &mut Effects) {
        if self.started {
            let notification = if self.is_cancelled() {
                JobNotification::FinalizeCancelled
            } else {
                JobNotification::FinalizeCompleted
            };
            effects.push(Effect::Notify(self.key, notification));
        }
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobOutcome {
    /// The job, and its whole transaction, succeeded.
    Success,
    /// The job failed or was cancelled, or another member of its transaction was.
    Failure,
}
