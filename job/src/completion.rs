//! The end of a job: prepared, settled, concluded, forgotten.

use qapi_core::Error;

use crate::driver::JobNotification;
use crate::job::{Job, State};
use crate::state::JobStatus;
use crate::transaction::Transaction;

impl Job {
    /// The driver's work is over. What becomes of the job is its transaction's matter.
    pub(crate) fn exit(&self, result: Result<(), Error>) {
        let (failed, transaction) = self.update(|state| {
            self.leave_pause(state);
            if let Err(error) = result {
                state.error.get_or_insert(error);
            }
            let failed = self.settle(state);
            if !failed {
                self.move_to(state, JobStatus::Waiting);
            }
            (failed, state.transaction.clone())
        });
        match transaction {
            Some(transaction) if failed => transaction.abort(self),
            Some(transaction) => transaction.advance(),
            None => {}
        }
    }

    /// The beginning, which is yet to be told.
    pub(crate) fn become_created(&self, transaction: Option<Transaction>) {
        let mut state = self.lock();
        state.transaction = transaction;
        self.move_to(&mut state, JobStatus::Created);
    }

    /// Goes from waiting to pending, which is yet to be told.
    pub(crate) fn become_pending(&self) {
        let mut state = self.lock();
        self.move_to(&mut state, JobStatus::Pending);
        if !self.auto_finalize() {
            self.announce(JobNotification::Pending);
        }
    }

    /// Fails, if it waits for other members of its transaction and was cancelled: whether it did,
    /// which is yet to be told.
    pub(crate) fn fail_if_waiting(&self) -> bool {
        let mut state = self.lock();
        state.status == JobStatus::Waiting && self.settle(&mut state)
    }

    /// Gives the driver its last chance to fail. Whether the job may still succeed.
    pub(crate) async fn prepare(&self, transaction: &Transaction) -> bool {
        if self.has_failed() {
            return false;
        }
        if let Err(error) = transaction.unless_abandoned(self.hook_prepare()).await {
            self.fail(error);
        }
        !self.has_failed()
    }

    /// Whether the job, its work done, has failed or been cancelled since.
    pub(crate) fn has_failed(&self) -> bool {
        self.update(|state| self.settle(state))
    }

    /// Makes success or failure final, and concludes the job. A success was settled with that of
    /// the whole transaction; a panic since is told as the job's error, and undoes nothing.
    pub(crate) async fn finalize_single(&self, transaction: &Transaction) {
        let failed = self.update(|state| {
            let succeeded = std::mem::replace(&mut state.settled, true);
            !succeeded && self.settle(state)
        });
        if failed {
            self.hook_abort();
        } else {
            self.hook_commit();
        }
        if let Err(error) = transaction.unless_abandoned(self.hook_clean()).await {
            self.fail(error);
        }
        self.update(|state| {
            if state.started {
                self.announce(if state.force_cancelled {
                    JobNotification::FinalizeCancelled
                } else {
                    JobNotification::FinalizeCompleted
                });
            }
        });
        transaction.remove(self);
        self.conclude();
    }

    fn conclude(&self) {
        let started = self.update(|state| {
            self.move_to(state, JobStatus::Concluded);
            state.started
        });
        // Nobody could ask for a job that never ran, nor of an engine that is gone.
        let registry = self.inner().registry.upgrade();
        let registry = registry.filter(|registry| !registry.is_orphaned());
        if self.auto_dismiss() || !started || registry.is_none() {
            self.forget_if_concluded();
        } else if let Some(registry) = registry {
            registry.changed();
        }
    }

    /// Ends a job that has been made but cannot be started: it goes without a trace but its
    /// events. A job that was started is left alone, and so is one that was cancelled, if only with
    /// its transaction: its turn to be concluded comes.
    pub(crate) fn early_fail(&self) {
        let gone = self.forget(|state| {
            let is_transactions = state.should_stop() && state.transaction.is_some();
            if state.status == JobStatus::Created && !is_transactions { Ok(()) } else { Err(()) }
        });
        if gone.is_ok() {
            let transaction = self.lock().transaction.clone();
            if let Some(transaction) = transaction {
                transaction.remove(self);
                transaction.advance();
            }
        }
    }

    /// Lets go of the job if it is concluded. Whether it was.
    pub(crate) fn forget_if_concluded(&self) -> bool {
        let is_concluded = |state: &State| state.status == JobStatus::Concluded;
        self.forget(|state| if is_concluded(state) { Ok(()) } else { Err(()) }).is_ok()
    }

    /// Lets go of the job, unless `check` finds that it has to stay. Its name is free before
    /// anyone hears of it.
    pub(crate) fn forget<E>(&self, check: impl FnOnce(&State) -> Result<(), E>) -> Result<(), E> {
        let leave = || {
            let mut state = self.lock();
            check(&state)?;
            self.move_to(&mut state, JobStatus::Null);
            Ok(())
        };
        match self.inner().registry.upgrade() {
            Some(registry) => {
                registry.remove(self, leave)?;
                registry.changed();
            }
            None => leave()?,
        }
        self.inner().occurrences.deliver();
        Ok(())
    }
}
