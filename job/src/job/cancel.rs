//! Cancelling, softly and by force.

use super::Job;
use crate::options::CancelMode;
use crate::schema::JobStatus;

impl Job {
    /// Cancels the job whatever its status, as a daemon does that shuts down; a concluded job is
    /// dismissed. [`user_cancel`](Self::user_cancel) is for clients.
    ///
    /// A job at work ends when its driver notices. Any other is over when this returns, unless its
    /// transaction has to wait for members at work, or for hooks.
    pub fn cancel(&self, mode: CancelMode) {
        if !self.apply(|machine, key| machine.dismiss_if_concluded(key)) {
            self.cancel_unless_over(mode);
        }
    }

    pub(super) fn cancel_unless_over(&self, mode: CancelMode) {
        self.request_cancel(mode);
        if !self.is_cancelled() {
            return;
        }
        self.cancel_waiting_members();
        self.apply(|machine, key| {
            if !machine.job(key).status().is_at_work() {
                machine.abort(key);
            }
        });
    }

    /// Cancels the members that have done their work, if there is one at work that the transaction
    /// has to wait for: clients see them fail before the reply to the cancel, as with QEMU. Where
    /// no member is at work, the transaction is aborted at once.
    fn cancel_waiting_members(&self) {
        let (members, must_wait) = self.inner.engine.read(|machine| {
            (machine.members_of(self.key()), machine.any_member_at_work(self.key()))
        });
        if !must_wait {
            return;
        }
        let others = members.into_iter().filter(|member| *member != self.key());
        for member in others.filter_map(|member| self.inner.engine.job(member)) {
            if member.status() == JobStatus::Waiting {
                member.request_cancel(CancelMode::Force);
            }
        }
        self.apply(|machine, key| machine.fail_cancelled_waiting(key));
    }

    /// Marks the job as cancelled, and wakes its driver.
    ///
    /// The driver decides whether a soft cancel is a forced one. The pause of a client or of an
    /// error ends with a cancel; every pause ends with a forced one.
    pub(super) fn request_cancel(&self, mode: CancelMode) {
        if !self.read(|state| state.can_be_cancelled()) {
            return;
        }
        // A driver cannot weaken a cancel.
        let mode = self.hooks().cancel(self, mode).max(mode);
        let was_paused = self.update(|job, _| job.take_user_pause());
        if was_paused {
            self.hooks().user_resume(self);
        }
        self.update(|job, effects| {
            if was_paused {
                job.end_pause(effects);
            }
            job.mark_cancelled(mode, effects);
        });
        self.wake_driver();
    }
}
