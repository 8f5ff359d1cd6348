//! The engine as plain data: the jobs, their transactions, and every step that changes them.
//!
//! Nothing here locks, waits or calls a driver. A method of [`Machine`] is one step: it changes the
//! data at once and records [`Effect`]s, which the engine carries out afterwards. Each step can
//! therefore be understood, and tested, on its own.

pub(crate) mod job;
pub(crate) mod transactions;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use qapi_core::Error;

use crate::messages;
use crate::options::JobOptions;
use crate::schema::JobStatus;
use job::{Effect, Effects, JobKey, JobState, TransactionKey};
use transactions::Group;

/// All jobs and transactions of an engine.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// Every job that has a handle, including those that are gone (status `null`).
    jobs: BTreeMap<JobKey, JobState>,
    ids: HashMap<Arc<str>, JobKey>,
    transactions: HashMap<TransactionKey, Group>,
    next_key: u64,
    /// The number of reasons to dismiss each job that concludes: the drop of the engine, after
    /// which no client can dismiss a job, and calls that cancel all jobs.
    dismissing: usize,
    effects: Effects,
}

impl Machine {
    /// Moves the effects of the last step, in order, to `buffer`, which must be empty.
    pub(crate) fn take_effects(&mut self, buffer: &mut Vec<Effect>) {
        std::mem::swap(&mut self.effects, buffer);
    }

    /// Checks that no job has the identifier.
    ///
    /// # Errors
    /// The identifier is in use.
    pub(crate) fn check_id_free(&self, id: Option<&str>) -> Result<(), Error> {
        match id {
            Some(id) if self.ids.contains_key(id) => Err(messages::id_in_use(id)),
            Some(_) | None => Ok(()),
        }
    }

    /// Adds a job with the status `created`. The job joins the transaction unless the transaction
    /// is over: see [`joined`](Self::joined).
    pub(crate) fn create(&mut self, options: &JobOptions, transaction: TransactionKey) -> JobKey {
        let key = self.new_key();
        let joined = self.join(transaction, key);
        let mut job = JobState::new(key, options, joined.then_some(transaction));
        if let Some(id) = job.id() {
            self.ids.insert(Arc::clone(id), key);
        }
        job.move_to(JobStatus::Created, &mut self.effects);
        self.jobs.insert(key, job);
        key
    }

    /// Whether the job is, or was, a member of a transaction.
    pub(crate) fn joined(&self, key: JobKey) -> bool {
        self.job(key).transaction().is_some()
    }

    /// Adds a transaction without members. Returns its key.
    pub(crate) fn create_transaction(&mut self) -> TransactionKey {
        let key = self.new_key();
        self.transactions.insert(key, Group::default());
        key
    }

    fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    /// The job called `id`.
    pub(crate) fn find(&self, id: &str) -> Option<JobKey> {
        self.ids.get(id).copied()
    }

    /// The state of a job. The key of a job is valid until the job is gone and its last handle is
    /// dropped.
    pub(crate) fn job(&self, key: JobKey) -> &JobState {
        &self.jobs[&key]
    }

    /// Changes the state of a job.
    pub(crate) fn update<R>(
        &mut self,
        key: JobKey,
        change: impl FnOnce(&mut JobState, &mut Effects) -> R,
    ) -> R {
        let job = self.jobs.get_mut(&key).expect("a key in use is that of a job");
        change(job, &mut self.effects)
    }

    /// Ends the work of a driver. Returns whether the job has failed. The caller then calls
    /// [`abort`](Self::abort) after a failure, and [`advance`](Self::advance) otherwise.
    pub(crate) fn exit(&mut self, key: JobKey, result: Result<(), Error>) -> bool {
        self.update(key, |job, effects| {
            match result {
                Ok(()) => job.leave_pause(effects),
                Err(error) => job.record_error(error, effects),
            }
            let failed = job.abort_if_failed(effects);
            if !failed {
                job.move_to(JobStatus::Waiting, effects);
            }
            failed
        })
    }

    /// Makes a job fail. If its driver is at work, the driver is woken and must return. Otherwise
    /// the transaction is aborted at once.
    pub(crate) fn fail(&mut self, key: JobKey, error: Error) {
        self.update(key, |job, effects| job.record_error(error, effects));
        self.effects.push(Effect::Enter(key));
        if !self.job(key).status().is_at_work() {
            self.abort(key);
        }
    }

    /// Takes back a created job. Returns whether the job is gone: the caller must then call
    /// [`advance`](Self::advance) for the transaction. A started job remains. A job that was
    /// cancelled with its transaction remains too: the transaction concludes that job.
    pub(crate) fn take_back(&mut self, key: JobKey) -> bool {
        let job = self.job(key);
        let transaction = job.transaction();
        if job.status() != JobStatus::Created || job.should_stop() && transaction.is_some() {
            return false;
        }
        self.forget(key);
        self.leave_transaction(key);
        true
    }

    /// Concludes a job that is cleaned up.
    pub(crate) fn conclude(&mut self, key: JobKey) {
        self.leave_transaction(key);
        self.update(key, |job, effects| job.move_to(JobStatus::Concluded, effects));
    }

    /// Dismisses a job if it is concluded and no client is to dismiss it.
    pub(crate) fn auto_dismiss(&mut self, key: JobKey) {
        if self.dismissing > 0 || self.job(key).dismisses_itself() {
            self.dismiss_if_concluded(key);
        }
    }

    /// Dismisses a job if it is concluded. Returns whether it was.
    pub(crate) fn dismiss_if_concluded(&mut self, key: JobKey) -> bool {
        let is_concluded = self.job(key).status() == JobStatus::Concluded;
        if is_concluded {
            self.forget(key);
        }
        is_concluded
    }

    /// Moves a job to `null`. Its identifier is free before clients receive the event.
    fn forget(&mut self, key: JobKey) {
        if let Some(id) = self.job(key).id().cloned() {
            self.ids.remove(&id);
        }
        self.update(key, |job, effects| job.move_to(JobStatus::Null, effects));
    }

    /// From now on, every job that concludes is dismissed at once.
    pub(crate) fn begin_dismissing(&mut self) {
        self.dismissing += 1;
    }

    /// Ends the effect of one call of [`begin_dismissing`](Self::begin_dismissing).
    pub(crate) fn end_dismissing(&mut self) {
        self.dismissing -= 1;
    }

    /// Removes a job whose last handle is dropped.
    pub(crate) fn release_job(&mut self, key: JobKey) {
        self.jobs.remove(&key);
    }

    /// Removes a transaction whose last handle is dropped. Its members are gone.
    pub(crate) fn release_transaction(&mut self, key: TransactionKey) {
        self.transactions.remove(&key);
    }
}
