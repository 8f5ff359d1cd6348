//! Transactions: jobs that end together, step by step.
//!
//! Every job is a member of a transaction, if only of its own. So there is one way for a job to
//! end, and a single job is not a special case.

use qapi_core::Error;

use super::Machine;
use super::job::{Effect, JobKey, JobOutcome, TransactionKey};
use crate::schema::JobStatus;

/// The members of a transaction, and its phase.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// In the order in which they joined. Concluded jobs have left.
    members: Vec<JobKey>,
    phase: Phase,
}

/// The phase of a transaction. Lists of jobs are in the order of joining. Every operation on
/// members takes the newest job first.
#[derive(Debug, Default)]
enum Phase {
    /// Members run, or join.
    #[default]
    Open,
    /// All members have done their work, and wait to be finalized.
    Pending,
    /// All members are prepared, one after the other.
    Preparing { left: Vec<JobKey> },
    /// Success is decided: members are concluded, one after the other.
    Committing { left: Vec<JobKey> },
    /// All members have succeeded.
    Final,
    /// A member has failed: the others are cancelled, one after the other.
    Cancelling { left: Vec<JobKey> },
    /// All members have failed or are cancelled. They are concluded as soon as they have stopped.
    Aborting {
        /// Whether a member is being cleaned up now.
        cleaning: bool,
    },
}

/// One step in the end of a transaction: a call of a driver. The engine makes the call, reports its
/// result, and asks for the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Cancel the job by force.
    Cancel(JobKey),
    /// Prepare the job; then call [`prepared`](Machine::prepared).
    Prepare(JobKey),
    /// Clean the job up; then call [`cleaned`](Machine::cleaned),
    /// [`conclude`](Machine::conclude) and [`auto_dismiss`](Machine::auto_dismiss).
    Clean(JobKey, JobOutcome),
}

impl Machine {
    /// Adds a member, unless the transaction is over. Returns whether it was added.
    pub(super) fn join(&mut self, transaction: TransactionKey, job: JobKey) -> bool {
        match self.transactions.get_mut(&transaction) {
            Some(Group { members, phase: Phase::Open }) => {
                members.push(job);
                true
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn leave_transaction(&mut self, job: JobKey) {
        if let Some(group) = self.group_mut(job) {
            group.members.retain(|member| *member != job);
            // A job that was not started may be taken back while the others are cancelled.
            if let Phase::Cancelling { left } = &mut group.phase {
                left.retain(|member| *member != job);
            }
        }
    }

    /// The members of a job's transaction that are not concluded, the newest first.
    pub(crate) fn members_of(&self, job: JobKey) -> Vec<JobKey> {
        let group = self.group(job);
        group.map(|group| group.members.iter().rev().copied().collect()).unwrap_or_default()
    }

    /// The members of a transaction that are not concluded, the oldest first.
    pub(crate) fn members(&self, transaction: TransactionKey) -> Vec<JobKey> {
        let group = self.transactions.get(&transaction);
        group.map(|group| group.members.clone()).unwrap_or_default()
    }

    /// The other members of the job's transaction, the newest first, if any member is at work.
    pub(crate) fn others_beside_work(&self, job: JobKey) -> Vec<JobKey> {
        let Some(group) = self.group(job) else { return Vec::new() };
        let any_at_work = group.members.iter().any(|member| !self.has_stopped(*member));
        let others = group.members.iter().rev().copied().filter(|member| *member != job);
        if any_at_work { others.collect() } else { Vec::new() }
    }

    /// Whether no call of a driver is in progress that ends a member of the job's transaction.
    pub(crate) fn is_idle(&self, job: JobKey) -> bool {
        self.group(job).is_none_or(|group| match group.phase {
            Phase::Open | Phase::Pending | Phase::Final => true,
            Phase::Preparing { .. } | Phase::Committing { .. } | Phase::Cancelling { .. } => {
                false
            }
            Phase::Aborting { cleaning } => !cleaning,
        })
    }

    /// Makes all members pending if every one has done its work. To be called whenever a job has
    /// done its work, or has left its transaction. Returns whether the members are to be
    /// [finalized](Self::finalize) at once.
    pub(crate) fn advance(&mut self, job: JobKey) -> bool {
        let members = self.members_of(job);
        let waits = |member: &JobKey| self.job(*member).status() == JobStatus::Waiting;
        let all_wait = !members.is_empty() && members.iter().all(waits);
        match self.group_mut(job) {
            Some(group) if all_wait && matches!(group.phase, Phase::Open) => {
                group.phase = Phase::Pending;
            }
            Some(_) | None => return false,
        }
        for member in &members {
            self.update(*member, |member, effects| member.become_pending(effects));
        }
        members.iter().all(|member| self.job(*member).auto_finalize())
    }

    /// Makes the results of all members final, if they are pending.
    pub(crate) fn finalize(&mut self, job: JobKey) {
        if let Some(group) = self.group_mut(job)
            && matches!(group.phase, Phase::Pending)
        {
            group.phase = Phase::Preparing { left: group.members.clone() };
            self.run(job);
        }
    }

    /// Aborts the transaction because `culprit` has failed or has been cancelled. Does nothing
    /// while the transaction is being finalized: the finalization notices the failure itself.
    pub(crate) fn abort(&mut self, culprit: JobKey) {
        let has_stopped = self.newest_stopped(culprit).is_some();
        match self.group_mut(culprit) {
            Some(Group { phase: Phase::Open | Phase::Pending, .. }) => {
                self.begin_cancelling(culprit);
                self.run(culprit);
            }
            Some(Group { phase: Phase::Aborting { cleaning }, .. })
                if !*cleaning && has_stopped =>
            {
                *cleaning = true;
                self.run(culprit);
            }
            Some(_) | None => {}
        }
    }

    /// Fails the waiting members that have been cancelled, after a forced cancel of a member while
    /// another is at work. As with QEMU, clients see them fail before the reply to that cancel.
    pub(crate) fn fail_cancelled_waiting(&mut self, culprit: JobKey) {
        let is_open = matches!(self.group_mut(culprit), Some(Group { phase: Phase::Open, .. }));
        if !is_open {
            return;
        }
        for member in self.members_of(culprit) {
            if self.job(member).status() == JobStatus::Waiting {
                self.update(member, |member, effects| member.abort_if_failed(effects));
            }
        }
    }

    /// The next step in the end of a transaction. To be called by one task at a time: the one that
    /// [`Effect::Run`] asks for.
    pub(crate) fn next_step(&mut self, transaction: TransactionKey) -> Option<Step> {
        loop {
            match &mut self.transactions.get_mut(&transaction)?.phase {
                Phase::Open | Phase::Pending | Phase::Final => return None,
                Phase::Preparing { left } => match left.pop() {
                    Some(job) if self.has_failed(job) => self.begin_cancelling(job),
                    Some(job) => return Some(Step::Prepare(job)),
                    None => self.decide_success(transaction),
                },
                Phase::Committing { left } => match left.pop() {
                    Some(job) => return Some(self.clean(job)),
                    None => self.enter(transaction, Phase::Final),
                },
                Phase::Cancelling { left } => match left.pop() {
                    // An aborting job was cancelled before, or has failed by itself.
                    Some(job) if self.job(job).status() == JobStatus::Aborting => {}
                    Some(job) => return Some(Step::Cancel(job)),
                    None => self.enter(transaction, Phase::Aborting { cleaning: true }),
                },
                Phase::Aborting { .. } => {
                    let members = &self.transactions[&transaction].members;
                    let stopped = members.last().filter(|job| self.has_stopped(**job)).copied();
                    if stopped.is_none() {
                        self.enter(transaction, Phase::Aborting { cleaning: false });
                    }
                    return stopped.map(|job| self.clean(job));
                }
            }
        }
    }

    /// Continues after [`Step::Prepare`].
    pub(crate) fn prepared(&mut self, job: JobKey, result: Result<(), Error>) {
        if let Err(error) = result {
            self.fail(job, error);
        }
        if self.has_failed(job) {
            self.begin_cancelling(job);
        }
    }

    /// Continues after [`Step::Clean`]. An error of a job that has succeeded is reported as the
    /// job's error, and undoes nothing.
    pub(crate) fn cleaned(&mut self, job: JobKey, result: Result<(), Error>) {
        if let Err(error) = result {
            self.fail(job, error);
        }
        self.update(job, |job, effects| job.notify_finalized(effects));
    }

    fn clean(&mut self, job: JobKey) -> Step {
        Step::Clean(job, self.update(job, |job, effects| job.decide(effects)))
    }

    fn has_failed(&mut self, job: JobKey) -> bool {
        self.update(job, |job, effects| job.abort_if_failed(effects))
    }

    /// Decides that all members succeed, unless one has failed or has been cancelled since it was
    /// prepared. All are decided in one step, so that no cancel can come between the conclusions of
    /// two members.
    fn decide_success(&mut self, transaction: TransactionKey) {
        let members = self.transactions[&transaction].members.clone();
        let culprit = members.iter().rev().find(|member| self.job(**member).should_stop());
        if let Some(culprit) = culprit {
            self.has_failed(*culprit);
            self.begin_cancelling(*culprit);
            return;
        }
        for member in &members {
            self.update(*member, |member, _| member.decide_success());
        }
        self.enter(transaction, Phase::Committing { left: members });
    }

    /// Begins the phase in which every member but the culprit is cancelled by force.
    fn begin_cancelling(&mut self, culprit: JobKey) {
        if let Some(group) = self.group_mut(culprit) {
            let others = group.members.iter().copied().filter(|member| *member != culprit);
            group.phase = Phase::Cancelling { left: others.collect() };
        }
    }

    /// The newest member of an aborted transaction, if it has stopped. A job is concluded once it,
    /// and every newer member, has stopped.
    fn newest_stopped(&self, job: JobKey) -> Option<JobKey> {
        self.group(job)?.members.last().copied().filter(|newest| self.has_stopped(*newest))
    }

    fn has_stopped(&self, job: JobKey) -> bool {
        !self.job(job).status().is_at_work()
    }

    fn enter(&mut self, transaction: TransactionKey, phase: Phase) {
        if let Some(group) = self.transactions.get_mut(&transaction) {
            group.phase = phase;
            self.effects.push(Effect::Idle);
        }
    }

    fn run(&mut self, job: JobKey) {
        if let Some(transaction) = self.job(job).transaction() {
            self.effects.push(Effect::Run(transaction));
        }
    }

    fn group(&self, job: JobKey) -> Option<&Group> {
        self.transactions.get(&self.job(job).transaction()?)
    }

    fn group_mut(&mut self, job: JobKey) -> Option<&mut Group> {
        let transaction = self.job(job).transaction()?;
        self.transactions.get_mut(&transaction)
    }
}
