//! Jobs that succeed together or not at all.
//!
//! Every job is a member of a transaction, if only of one of its own: so there is one way for a
//! job to end, and single jobs are not a special case.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use qapi_core::Error;
use tokio::runtime::Handle;

use crate::finishing::Finishing;
use crate::job::Job;
use crate::messages;
use crate::state::JobStatus;
use crate::sync::{Mutex, MutexGuard};
use crate::wakeup::Wakeup;

/// A group of jobs that succeed together or not at all. Cloning is cheap and names the same group.
///
/// A member that is done waits for the others. When all are, all become pending, and, unless one
/// of them wants a client's word first, are finalized. As soon as one fails or is cancelled, the
/// others are cancelled by force.
///
/// Make all members before the first is started: a transaction that is over takes no more. A
/// command that meets an error on the way [undoes](crate::CreatedJob::undo) what it has made,
/// the newest first as QEMU does; jobs that are each in a transaction of their own are undone
/// one by one, in just the same way.
///
/// ```
/// use job::{CreatedJob, JobOptions, JobType, Jobs, Transaction};
/// # struct Copy;
/// # impl job::JobDriver for Copy {
/// #     async fn run(&self, _: &job::JobHandle) -> qapi_core::Result<()> { Ok(()) }
/// # }
///
/// /// Starts one job for each name, or none at all.
/// fn start_together(jobs: &Jobs, names: &[&str]) -> qapi_core::Result<()> {
///     let together = Transaction::new();
///     let mut made = Vec::new();
///     for name in names {
///         let options = JobOptions::new(JobType::Backup).id(*name);
///         match jobs.create(options, Copy, Some(&together)) {
///             Ok(job) => made.push(job),
///             Err(error) => {
///                 made.into_iter().rev().for_each(CreatedJob::undo);
///                 return Err(error);
///             }
///         }
///     }
///     for job in made {
///         job.start();
///     }
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let jobs = Jobs::new(|_: &job::JobStatusChange| {});
/// assert!(start_together(&jobs, &["a", "b", "not a name"]).is_err());
/// assert!(jobs.list().is_empty());
/// assert!(start_together(&jobs, &["a", "b"]).is_ok());
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Transaction {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    group: Mutex<Group>,
    /// Counts how often members have been ended.
    rests: Wakeup,
}

#[derive(Default)]
struct Group {
    /// In the order in which they joined.
    members: Vec<Job>,
    phase: Phase,
    /// Whether a member of an aborted transaction is being concluded just now.
    concluding: bool,
    /// Whether nobody waits for hooks any more.
    abandoned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// Members work, or join.
    #[default]
    Open,
    /// All have done their work; a client's word is awaited.
    Pending,
    /// All results are being made final.
    Finalizing,
    /// All results are final.
    Final,
    /// One failed: the others are being cancelled, one after the other.
    Cancelling,
    /// All have failed or are cancelled: they are waited for, and concluded.
    Undoing,
}

impl Transaction {
    /// A transaction without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a job in while `insert` shows it to everyone, so that nobody finds a job that could
    /// fail without its transaction. Whether it was not too late: then `insert` is given nothing.
    pub(crate) fn join(
        &self,
        job: &Job,
        insert: impl FnOnce(Option<Self>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let mut group = self.lock();
        let is_open = group.phase == Phase::Open;
        insert(is_open.then(|| self.clone()))?;
        if is_open {
            group.members.push(job.clone());
        }
        Ok(is_open)
    }

    pub(crate) fn remove(&self, job: &Job) {
        self.lock().members.retain(|member| !member.is_same(job));
    }

    /// Goes on if every member has done its work. To be called whenever one has, or has left.
    pub(crate) fn advance(&self) {
        if let Some(members) = self.become_pending() {
            for member in &members {
                member.inner().occurrences.deliver();
            }
            if members.iter().all(Job::auto_finalize) {
                self.finalize();
            }
        }
    }

    /// If every member has done its work, all become pending at once: whoever sees one of them
    /// pending may finalize all. Returns them, if it is so; it is yet to be told.
    fn become_pending(&self) -> Option<Vec<Job>> {
        let mut group = self.lock();
        let waits = |job: &Job| job.status() == JobStatus::Waiting;
        if group.phase != Phase::Open
            || group.members.is_empty()
            || !group.members.iter().all(waits)
        {
            return None;
        }
        group.phase = Phase::Pending;
        let members = group.newest_first();
        members.iter().for_each(Job::become_pending);
        Some(members)
    }

    /// Makes the results of all members final, if they are pending. What hooks have to wait for
    /// goes on by itself.
    pub(crate) fn finalize(&self) {
        if let Some(members) = self.enter_phase(Phase::Finalizing, &[Phase::Pending]) {
            Finishing::begin(self, self.clone().make_final(members));
        }
    }

    async fn make_final(self, members: Vec<Job>) {
        // Whatever fails before the first commit fails all, as QEMU documents it. It cannot be seen
        // of `qemu-storage-daemon`: its transactions make backups, which have nothing to prepare.
        let unprepared = self.prepare(&members).await;
        if let Some(culprit) = unprepared.or_else(|| settle_success(&members)) {
            culprit.has_failed();
            self.abort_from(&[Phase::Finalizing], culprit);
            return;
        }
        for member in &members {
            member.finalize_single(&self).await;
        }
        self.lock().phase = Phase::Final;
        self.shared.rests.wake();
    }

    /// Prepares the members, and returns the first that fails.
    async fn prepare<'a>(&self, members: &'a [Job]) -> Option<&'a Job> {
        for member in members {
            if !member.prepare(self).await {
                return Some(member);
            }
        }
        None
    }

    /// Undoes the whole transaction because of one member that has failed or been cancelled. The
    /// others are cancelled; each is concluded as soon as it, and every younger one, has stopped.
    pub(crate) fn abort(&self, culprit: &Job) {
        // While results are being made final, whoever does that sees the failure by himself.
        self.abort_from(&[Phase::Open, Phase::Pending], culprit);
    }

    /// Has those members fail that have done their work, because `culprit` is going to fail: who
    /// cancelled it hears of them before the cancel is answered, as from QEMU. Where no member is
    /// at work any more, [`abort`](Self::abort) concludes all at once.
    pub(crate) fn fail_waiting(&self, culprit: &Job) {
        let waits = |member: &Job| member.status() == JobStatus::Waiting;
        let members = self.lock().newest_first();
        if !members.iter().any(|member| member.status().is_at_work()) {
            return;
        }
        for member in members.iter().filter(|member| !member.is_same(culprit) && waits(member)) {
            member.request_cancel(true);
        }
        let failed = {
            let group = self.lock();
            // Otherwise all that there is to do about them is being done already.
            let is_open = group.phase == Phase::Open;
            is_open && members.iter().filter(|member| member.fail_if_waiting()).count() > 0
        };
        if failed {
            culprit.inner().occurrences.deliver();
        }
    }

    fn abort_from(&self, phases: &[Phase], culprit: &Job) {
        if let Some(members) = self.enter_phase(Phase::Cancelling, phases) {
            // Those that have failed already were cancelled for it.
            let remains =
                |member: &Job| !member.is_same(culprit) && member.status() != JobStatus::Aborting;
            for member in members.iter().filter(|member| remains(member)) {
                member.request_cancel(true);
            }
            self.lock().phase = Phase::Undoing;
            self.shared.rests.wake();
        }
        self.conclude_stopped();
    }

    /// Concludes the members of an aborted transaction that have stopped, the newest first: once
    /// all are cancelled, for one that is not yet would be taken for a success. What hooks have to
    /// wait for goes on by itself.
    fn conclude_stopped(&self) {
        let stopped = {
            let mut group = self.lock();
            if group.concluding { None } else { group.next_stopped() }
        };
        if let Some(newest) = stopped {
            Finishing::begin(self, self.clone().conclude_from(newest));
        }
    }

    async fn conclude_from(self, newest: Job) {
        let mut next = Some(newest);
        while let Some(member) = next {
            member.finalize_single(&self).await;
            next = self.lock().next_stopped();
        }
        self.shared.rests.wake();
    }

    /// Waits for a hook, unless nobody does any more.
    pub(crate) async fn unless_abandoned(
        &self,
        hook: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let mut hook = pin!(hook);
        let done = poll_fn(|context| match hook.as_mut().poll(context) {
            Poll::Pending if self.lock().abandoned => Poll::Ready(Err(messages::canceled())),
            polled => polled,
        });
        done.await
    }

    /// The runtime that a member was set to work on, if one was.
    pub(crate) fn runtime(&self) -> Option<Handle> {
        self.lock().members.iter().find_map(Job::runtime)
    }

    /// From now on no hook is waited for.
    pub(crate) fn abandon(&self) {
        self.lock().abandoned = true;
    }

    /// Waits until nothing is done to end a member.
    pub(crate) async fn at_rest(&self) {
        loop {
            let seen = self.shared.rests.count();
            if self.lock().is_at_rest() {
                return;
            }
            self.shared.rests.after(seen).await;
        }
    }

    /// Changes the phase if it is one of `from`, and says who the members are.
    fn enter_phase(&self, to: Phase, from: &[Phase]) -> Option<Vec<Job>> {
        let mut group = self.lock();
        if !from.contains(&group.phase) {
            return None;
        }
        group.phase = to;
        Some(group.newest_first())
    }

    fn lock(&self) -> MutexGuard<'_, Group> {
        self.shared.group.lock()
    }
}

/// Decides that all of `members` succeed, unless one has been cancelled or has failed since it was
/// prepared: then that one is returned. All are decided at once, so that no cancel comes between
/// the first commit and the last.
fn settle_success(members: &[Job]) -> Option<&Job> {
    // Nobody else holds the states of two jobs at a time, so nobody waits in a circle.
    let mut states: Vec<_> = members.iter().map(Job::lock).collect();
    if let Some(culprit) = states.iter().position(|state| state.should_stop()) {
        return members.get(culprit);
    }
    for state in &mut states {
        state.settled = true;
    }
    None
}

impl Group {
    fn newest_first(&self) -> Vec<Job> {
        self.members.iter().rev().cloned().collect()
    }

    /// The newest member, if it has stopped and is to be concluded next.
    fn next_stopped(&mut self) -> Option<Job> {
        self.concluding = false;
        if self.phase != Phase::Undoing {
            return None;
        }
        // One that has been taken back is about to leave.
        self.members.retain(|member| !member.status().is_over());
        let newest = self.members.last().filter(|job| !job.status().is_at_work()).cloned()?;
        self.concluding = true;
        Some(newest)
    }

    fn is_at_rest(&self) -> bool {
        match self.phase {
            Phase::Open | Phase::Pending | Phase::Final => true,
            Phase::Finalizing | Phase::Cancelling => false,
            Phase::Undoing => !self.concluding,
        }
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let group = self.lock();
        out.debug_struct("Transaction")
            .field("members", &group.members.len())
            .field("phase", &group.phase)
            .finish_non_exhaustive()
    }
}
