//! Cancelling, softly and by force.

use super::Job;
use crate::options::CancelMode;
use crate::schema::JobStatus;

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
