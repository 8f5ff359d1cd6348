//! The rules of transactions: how jobs end together.

use job::JobStatus::{Aborting, Concluded, Null, Pending, Waiting};

use super::rules::{Cancel, Model};
use super::step::{Fault, Hook};

/// Jobs that succeed together or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Transaction {
    /// The numbers of the jobs that are not concluded, the oldest first.
    members: Vec<usize>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Open,
    /// All members are done, and wait for a client.
    Pending,
    /// All members succeed, or are being cancelled one after the other.
    Decided,
    Failure,
}

impl Transaction {
    pub(super) fn new() -> Self {
        Self { members: Vec::new(), phase: Phase::Open }
    }

    /// Adds a job, unless the transaction is over.
    pub(super) fn join(&mut self, number: usize) -> bool {
        let open = self.phase == Phase::Open;
        if open {
            self.members.push(number);
        }
        open
    }

    /// The members in the order in which every operation takes them: the newest first.
    fn newest_first(&self) -> Vec<usize> {
        self.members.iter().rev().copied().collect()
    }
}

impl Model {
    /// Removes the job from its transaction.
    pub(super) fn leave(&mut self, number: usize) {
        let transaction = self.jobs[number].kind.transaction;
        self.transactions[transaction].members.retain(|member| *member != number);
    }

    /// When the last member is done, all become pending. If none waits for a client, all are
    /// finalized.
    pub(super) fn advance(&mut self, transaction: usize) {
        let members = self.transactions[transaction].newest_first();
        let all_wait = members.iter().all(|number| self.jobs[*number].status == Waiting);
        if self.transactions[transaction].phase != Phase::Open || members.is_empty() || !all_wait
        {
            return;
        }
        self.transactions[transaction].phase = Phase::Pending;
        for number in &members {
            self.move_to(*number, Pending);
            if !self.jobs[*number].kind.auto_finalize {
                self.emit(*number, "!Pending");
            }
        }
        if members.iter().all(|number| self.jobs[*number].kind.auto_finalize) {
            self.finalize(transaction);
        }
    }

    /// Prepares all members before the first is cleaned up. A member that fails then fails all.
    pub(super) fn finalize(&mut self, transaction: usize) {
        self.transactions[transaction].phase = Phase::Decided;
        let members = self.transactions[transaction].newest_first();
        for number in &members {
            self.call(*number, Hook::Prepare);
            if self.jobs[*number].kind.fault == Fault::FailsLate {
                self.jobs[*number].error = Some("Too late".to_owned());
            }
            if self.abort_if_failed(*number) {
                self.undo(*number);
                return;
            }
        }
        for number in members {
            self.conclude(number);
        }
    }

    /// Aborts the transaction, unless its result is decided.
    pub(super) fn abort(&mut self, culprit: usize) {
        let transaction = self.jobs[culprit].kind.transaction;
        if self.jobs[culprit].is_over() {
            return;
        }
        match self.transactions[transaction].phase {
            Phase::Open | Phase::Pending => self.undo(culprit),
            Phase::Decided => {}
            Phase::Failure => self.conclude_stopped(transaction),
        }
    }

    /// Fails the waiting members as soon as a member is cancelled by force. Does nothing if no
    /// member is at work: the transaction then ends at once.
    pub(super) fn fail_waiting(&mut self, culprit: usize) {
        let transaction = self.jobs[culprit].kind.transaction;
        let members = self.transactions[transaction].newest_first();
        if !members.iter().any(|number| self.jobs[*number].is_at_work()) {
            return;
        }
        for number in &members {
            if *number != culprit && self.jobs[*number].status == Waiting {
                self.mark_cancelled(*number, true);
            }
        }
        if self.transactions[transaction].phase == Phase::Open {
            for number in members {
                if self.jobs[number].status == Waiting {
                    self.abort_if_failed(number);
                }
            }
        }
    }

    /// A member fails: all others are cancelled by force.
    fn undo(&mut self, culprit: usize) {
        let transaction = self.jobs[culprit].kind.transaction;
        self.transactions[transaction].phase = Phase::Decided;
        for number in self.transactions[transaction].newest_first() {
            if number != culprit && self.jobs[number].status != Aborting {
                self.mark_cancelled(number, true);
            }
        }
        self.transactions[transaction].phase = Phase::Failure;
        self.conclude_stopped(transaction);
    }

    /// A member of a failed transaction is concluded when it, and every newer member, has
    /// stopped.
    fn conclude_stopped(&mut self, transaction: usize) {
        while !self.concluding
            && let Some(number) = self.transactions[transaction].members.last().copied()
            && !self.jobs[number].is_at_work()
        {
            self.concluding = true;
            self.conclude(number);
            self.concluding = false;
        }
    }

    fn conclude(&mut self, number: usize) {
        let failed = self.jobs[number].status == Aborting || self.abort_if_failed(number);
        self.call(number, if failed { Hook::CleanFailure } else { Hook::CleanSuccess });
        let (started, cancel) = (self.jobs[number].started, self.jobs[number].cancel);
        if started {
            let cancelled = cancel == Cancel::Forced;
            let what = if cancelled { "!FinalizeCancelled" } else { "!FinalizeCompleted" };
            self.emit(number, what);
        }
        self.leave(number);
        self.move_to(number, Concluded);
        if self.jobs[number].kind.auto_dismiss || !started {
            self.move_to(number, Null);
        }
    }
}
