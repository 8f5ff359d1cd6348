//! The engine that all handles share: the machine behind its lock, and the effects of its steps.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use qapi_core::Error;

use super::Job;
use crate::events::{EventQueue, EventSink, JobNotification};
use crate::machine::Machine;
use crate::machine::job::{Effect, JobKey, TransactionKey};
use crate::record::JobRecorder;
use crate::schema::{JobStatus, JobStatusChange};
use crate::sync::{EventCount, Mutex, MutexGuard, enter_callback};

/// A machine behind a lock, and the receivers of its effects.
pub(crate) struct Engine {
    locked: Mutex<Locked>,
    sink: Box<dyn EventSink>,
    pub(super) recorder: Option<Box<dyn JobRecorder>>,
    /// Counts events that have been delivered.
    delivered: EventCount,
    /// Counts jobs that are created, concluded or gone, and transactions that become idle.
    changes: EventCount,
    owner: Weak<Owner>,
}

/// The part of an engine that the program's handles share, and jobs do not. It is dropped when the
/// program drops its last handle.
pub(crate) struct Owner {
    pub(crate) engine: Arc<Engine>,
}

struct Locked {
    machine: Machine,
    /// The jobs that are not gone (status `null`).
    jobs: BTreeMap<JobKey, Job>,
    queue: EventQueue<Event>,
    /// An empty buffer, reused for the effects of each step.
    effects: Vec<Effect>,
}

enum Event {
    StatusChange(JobStatusChange),
    /// The job is concluded.
    Ended(Job),
    Notification(Job, JobNotification),
}

/// An effect that is carried out without the lock.
enum Action {
    /// Wake the tasks that wait for the job. If the job is gone, the engine has no other reference
    /// to it.
    Changed(Job),
    /// Wake the driver of the job.
    Enter(Job),
    /// Wake the tasks that wait for a change of the engine.
    EngineChanged,
    /// Execute the next steps of the transaction.
    Run(TransactionKey),
}

impl Engine {
    pub(crate) fn new(
        sink: impl EventSink,
        recorder: Option<Box<dyn JobRecorder>>,
        owner: Weak<Owner>,
    ) -> Self {
        let locked = Locked {
            machine: Machine::default(),
            jobs: BTreeMap::new(),
            queue: EventQueue::new(),
            effects: Vec::new(),
        };
        Self {
            locked: Mutex::new(locked),
            sink: Box::new(sink),
            recorder,
            delivered: EventCount::default(),
            changes: EventCount::default(),
            owner,
        }
    }

    /// The owner, unless the program has dropped it.
    pub(crate) fn owner(&self) -> Option<Arc<Owner>> {
        self.owner.upgrade()
    }

    /// Takes a step of the machine, and carries out its effects: delivers events, and ends
    /// transactions as far as no hook waits.
    pub(crate) fn apply<R>(self: &Arc<Self>, step: impl FnOnce(&mut Machine) -> R) -> R {
        let mut locked = self.lock();
        let result = step(&mut locked.machine);
        self.carry_out(locked);
        result
    }

    /// As [`apply`](Self::apply), for a step that adds a job. `create` must not drop a job.
    ///
    /// # Errors
    /// The error of `create`, which then must have changed nothing.
    pub(crate) fn add(
        self: &Arc<Self>,
        create: impl FnOnce(&mut Machine) -> Result<Job, Error>,
    ) -> Result<Job, Error> {
        let mut locked = self.lock();
        let job = create(&mut locked.machine)?;
        locked.jobs.insert(job.key(), job.clone());
        self.carry_out(locked);
        Ok(job)
    }

    /// Reads the machine.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&Machine) -> R) -> R {
        read(&self.lock().machine)
    }

    /// The job called `id`, if there is one.
    pub(crate) fn find(&self, id: &str) -> Option<Job> {
        let locked = self.lock();
        locked.jobs.get(&locked.machine.find(id)?).cloned()
    }

    /// The job with that key, unless it is gone.
    pub(crate) fn job(&self, key: JobKey) -> Option<Job> {
        self.lock().jobs.get(&key).cloned()
    }

    /// The jobs that are not gone, the newest first.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.lock().jobs.values().rev().cloned().collect()
    }

    /// The jobs with this key or a later one that are not gone, the newest first.
    pub(crate) fn jobs_from(&self, key: JobKey) -> Vec<Job> {
        self.lock().jobs.range(key..).rev().map(|(_, job)| job.clone()).collect()
    }

    /// Maps each job that is not gone, the newest first, at one moment.
    pub(crate) fn query<R>(&self, query: impl Fn(&Job, &Machine) -> Option<R>) -> Vec<R> {
        let locked = self.lock();
        locked.jobs.values().rev().filter_map(|job| query(job, &locked.machine)).collect()
    }

    /// Waits until `condition` is true. The condition is checked whenever a job is created,
    /// concluded or gone, or a transaction becomes idle.
    pub(crate) async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        loop {
            let seen = self.changes.count();
            if condition(self) {
                return;
            }
            self.changes.wait_past(seen).await;
        }
    }

    /// Whether every job is gone.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().jobs.is_empty()
    }

    /// Waits until all events up to now have been delivered. Must not be called by a sink or a
    /// driver's `notify`, which would wait for itself.
    pub(crate) async fn drained(&self) {
        let pushed = self.lock().queue.pushed();
        let mut delivered = self.delivered.count();
        while delivered < pushed {
            delivered = self.delivered.wait_past(delivered).await;
        }
    }

    /// Removes a job from the machine, after the drop of its last handle.
    pub(super) fn release_job(&self, key: JobKey) {
        self.lock().machine.release_job(key);
    }

    fn carry_out(self: &Arc<Self>, mut locked: MutexGuard<'_, Locked>) {
        let actions = locked.resolve_effects();
        let delivers = locked.queue.begin_delivery();
        drop(locked);
        // Waiters are woken first: the delivery of events may take a sink some time.
        let mut transactions = Vec::new();
        for action in actions {
            match action {
                Action::Changed(job) => job.wake_waiters(),
                Action::Enter(job) => job.wake_driver(),
                Action::EngineChanged => self.changes.notify(),
                Action::Run(transaction) => transactions.push(transaction),
            }
        }
        if delivers {
            self.deliver();
        }
        for transaction in transactions {
            self.run_transaction(transaction);
        }
    }

    /// Delivers events until there are none.
    fn deliver(&self) {
        loop {
            let next = self.lock().queue.next();
            let Some(event) = next else { return };
            match event {
                Event::StatusChange(change) => {
                    let call = || enter_callback(|| self.sink.status_changed(&change));
                    if catch_unwind(AssertUnwindSafe(call)).is_err() {
                        tracing::error!(?change, "the sink of job events panicked");
                    }
                }
                Event::Ended(job) => self.deliver_record(&job),
                Event::Notification(job, notification) => job.hooks().notify(&job, notification),
            }
            self.delivered.notify();
        }
    }

    fn deliver_record(&self, job: &Job) {
        let Some(record) = job.record(None) else { return };
        let call = || enter_callback(|| self.sink.ended(&record));
        if catch_unwind(AssertUnwindSafe(call)).is_err() {
            tracing::error!(?record, "the sink of job events panicked");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Locked> {
        self.locked.lock()
    }
}

impl Locked {
    /// Queues the events of the last step, and finds the jobs that its other effects are about.
    fn resolve_effects(&mut self) -> Vec<Action> {
        let mut effects = std::mem::take(&mut self.effects);
        self.machine.take_effects(&mut effects);
        let mut actions = Vec::new();
        for effect in effects.drain(..) {
            self.resolve(effect, &mut actions);
        }
        self.effects = effects;
        actions
    }

    fn resolve(&mut self, effect: Effect, actions: &mut Vec<Action>) {
        match effect {
            Effect::Moved(key, status) => self.resolve_move(key, status, actions),
            Effect::Notify(key, notification) => {
                if let Some(job) = self.jobs.get(&key) {
                    self.queue.push(Event::Notification(job.clone(), notification));
                }
            }
            Effect::Changed(key) => {
                actions.extend(self.jobs.get(&key).cloned().map(Action::Changed));
            }
            Effect::Enter(key) => {
                actions.extend(self.jobs.get(&key).cloned().map(Action::Enter));
            }
            Effect::Idle => actions.push(Action::EngineChanged),
            Effect::Run(transaction) => actions.push(Action::Run(transaction)),
        }
    }

    fn resolve_move(&mut self, key: JobKey, status: JobStatus, actions: &mut Vec<Action>) {
        let is_gone = status == JobStatus::Null;
        let job = if is_gone { self.jobs.remove(&key) } else { self.jobs.get(&key).cloned() };
        let Some(job) = job else { return };
        if let Some(id) = job.id() {
            let change = JobStatusChange { id: id.to_owned(), status };
            self.queue.push(Event::StatusChange(change));
            if status == JobStatus::Concluded {
                self.queue.push(Event::Ended(job.clone()));
            }
        }
        actions.push(Action::Changed(job));
        if is_gone || matches!(status, JobStatus::Created | JobStatus::Concluded) {
            actions.push(Action::EngineChanged);
        }
    }
}

/// The reference to a transaction that its handles and its members share. The drop of the reference
/// removes the transaction from the machine.
pub(crate) struct TransactionRef {
    engine: Weak<Engine>,
    key: TransactionKey,
}

impl TransactionRef {
    pub(crate) fn new(engine: &Arc<Engine>, machine: &mut Machine) -> Self {
        Self { engine: Arc::downgrade(engine), key: machine.create_transaction() }
    }

    pub(crate) fn key(&self) -> TransactionKey {
        self.key
    }

    pub(crate) fn is_of(&self, engine: &Arc<Engine>) -> bool {
        std::ptr::eq(self.engine.as_ptr(), Arc::as_ptr(engine))
    }
}

impl Drop for TransactionRef {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.upgrade() {
            engine.lock().machine.release_transaction(self.key);
        }
    }
}
