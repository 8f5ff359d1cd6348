//! Cancelling, softly and by force.

use crate::job::Job;
use crate::state::JobStatus;

impl Job {
    /// Cancels the job whatever its status, as a daemon that is leaving does; a concluded job is
    /// dismissed. [`user_cancel`](Self::user_cancel) is the client's way.
    ///
    /// A job at work ends when its driver notices; any other is over when this returns, unless
    /// members of its transaction have to be waited for.
    pub fn cancel(&self, force: bool) {
        if !self.forget_if_concluded() {
            self.cancel_unless_over(force);
        }
    }

    pub(crate) fn cancel_unless_over(&self, force: bool) {
        self.request_cancel(force);
        let (fails, is_at_work, transaction) = {
            let state = self.lock();
            (state.force_cancelled, state.status.is_at_work(), state.transaction.clone())
        };
        if fails && let Some(transaction) = transaction {
            transaction.fail_waiting(self);
            if !is_at_work {
                transaction.abort(self);
            }
        }
    }

    /// Marks the job as cancelled, and wakes it.
    ///
    /// The driver decides whether the cancel is a forced one. A pause of the user's ends with it;
    /// a forced cancel ends every pause.
    pub(crate) fn request_cancel(&self, force: bool) {
        {
            let state = self.lock();
            if state.settled || state.status.is_over() {
                return;
            }
        }
        // That a cancel is softer than it was meant to be is not the driver's to say.
        let force = self.hook_cancel(force) || force;
        let was_paused = std::mem::take(&mut self.lock().user_paused);
        if was_paused {
            self.hook_user_resume();
        }
        self.update(|state| {
            if was_paused {
                self.end_one_pause(state);
            }
            if state.settled {
                return;
            }
            match state.status {
                JobStatus::Created => {
                    state.cancel_requested = true;
                    state.force_cancelled = true;
                }
                JobStatus::Running
                | JobStatus::Paused
                | JobStatus::Ready
                | JobStatus::Standby => {
                    state.cancel_requested = true;
                    state.force_cancelled |= force;
                    if force {
                        self.leave_pause(state);
                    }
                }
                // The work is done: only force can still undo it.
                JobStatus::Waiting | JobStatus::Pending => {
                    state.cancel_requested |= force;
                    state.force_cancelled |= force;
                }
                // It fails for a reason of its own.
                JobStatus::Undefined
                | JobStatus::Aborting
                | JobStatus::Concluded
                | JobStatus::Null => {}
            }
        });
        self.enter();
    }
}
