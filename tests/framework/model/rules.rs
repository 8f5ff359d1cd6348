//! The model of jobs: the behaviour that clients of QEMU see, as rules over plain data.
//!
//! Nothing here waits, locks or calls. The model shares only the names of the states with the
//! engine.

use job::JobStatus::{self, *};

use super::step::{DriverAction, Fault, Hook, Kind, Outcome, Request, Step, View};
use super::transactions::Transaction;

/// All jobs, transactions and drivers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Model {
    kinds: Vec<Kind>,
    pub(super) jobs: Vec<Job>,
    pub(super) transactions: [Transaction; 2],
    /// The jobs whose drivers can run, in the order in which they run.
    pub(super) runnable: Vec<usize>,
    /// Whether a failed member is being concluded. Always false between two steps.
    pub(super) concluding: bool,
    /// The events of the present step.
    events: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Job {
    pub(super) kind: Kind,
    pub(super) status: JobStatus,
    /// The job has not been started, taken back or undone.
    startable: bool,
    pub(super) started: bool,
    pub(super) driver: Driver,
    /// The pause of a client or of an error is in force.
    pub(super) user_pause: bool,
    /// An internal pause is in force.
    pub(super) internal_pause: bool,
    pub(super) cancel: Cancel,
    pub(super) error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Driver {
    /// Before the pause point that precedes its work.
    New,
    /// Paused at that pause point.
    PausedFirst,
    /// Resumed at that pause point; begins at the next turn.
    ResumedFirst,
    Works,
    Paused,
    /// Resumed; works again at the next turn.
    Resumed,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cancel {
    No,
    Soft,
    Forced,
}

impl Job {
    pub(super) fn is_at_work(&self) -> bool {
        matches!(self.status, Running | Paused | Ready | Standby)
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.status, Ready | Standby)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.status, Concluded | Null)
    }

    fn is_paused(&self) -> bool {
        matches!(self.status, Paused | Standby)
    }

    /// Whether the job is cancelled by force, or has failed: it can only end.
    pub(super) fn must_fail(&self) -> bool {
        self.cancel == Cancel::Forced || self.error.is_some()
    }
}

impl Model {
    /// A model without jobs. Jobs of these kinds may be created, in this order.
    pub(super) fn new(kinds: &[Kind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            jobs: Vec::new(),
            transactions: [Transaction::new(), Transaction::new()],
            runnable: Vec::new(),
            concluding: false,
            events: Vec::new(),
        }
    }

    /// Every step that is possible now.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.jobs.len() < self.kinds.len() {
            steps.push(Step::Create(self.jobs.len()));
        }
        if !self.runnable.is_empty() {
            steps.push(Step::Turn);
        }
        for (number, job) in self.jobs.iter().enumerate() {
            if job.startable {
                steps.extend([Step::Start(number), Step::TakeBack(number), Step::Undo(number)]);
            }
            steps.extend(Request::ALL.map(|request| Step::Request(number, request)));
            if job.internal_pause {
                steps.push(Step::EndPause(number));
            } else if job.status == Created || job.is_at_work() {
                steps.push(Step::BeginPause(number));
            }
            if matches!(job.driver, Driver::Works | Driver::Resumed) {
                steps.extend(DriverAction::ALL.map(|action| Step::Drive(number, action)));
            }
        }
        steps
    }

    /// The kinds of the jobs.
    pub(super) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The state after a step, if the step changes anything.
    pub(super) fn after(&self, step: Step) -> Option<Self> {
        let mut next = self.clone();
        next.take(step);
        (next != *self).then_some(next)
    }

    /// Takes a step.
    pub(super) fn take(&mut self, step: Step) -> Outcome {
        let reply = match step {
            Step::Create(number) => self.create(number),
            Step::Start(number) => self.start(number),
            Step::TakeBack(number) => self.take_back(number),
            Step::Undo(number) => {
                self.jobs[number].startable = false;
                self.cancel(number, true);
                Ok(())
            }
            Step::Request(number, request) => self.request(number, request),
            Step::BeginPause(number) => {
                self.jobs[number].internal_pause = true;
                Ok(())
            }
            Step::EndPause(number) => {
                self.jobs[number].internal_pause = false;
                self.leave_pause_if_unrequested(number);
                Ok(())
            }
            Step::Drive(number, action) => {
                self.turn();
                self.drive(number, action);
                self.turn();
                Ok(())
            }
            Step::Turn => {
                self.turn();
                Ok(())
            }
        };
        let reply = reply.err().unwrap_or_else(|| "ok".to_owned());
        Outcome { reply, events: std::mem::take(&mut self.events) }
    }

    /// The result of queries, the newest job first.
    pub(super) fn view(&self) -> Vec<View> {
        let jobs = self.jobs.iter().enumerate().rev().filter(|(_, job)| job.status != Null);
        let view = |(number, job): (usize, &Job)| View {
            id: format!("j{number}"),
            status: job.status,
            error: job.error.clone(),
            user_paused: job.user_pause,
            pause_requested: job.user_pause || job.internal_pause,
            busy: job.is_at_work() && !job.is_paused(),
            ready: job.is_ready(),
            cancel_requested: job.cancel > Cancel::No,
            cancelled: job.cancel == Cancel::Forced,
        };
        jobs.map(view).collect()
    }

    pub(super) fn emit(&mut self, number: usize, what: &str) {
        self.events.push(format!("j{number} {what}"));
    }

    pub(super) fn move_to(&mut self, number: usize, status: JobStatus) {
        if self.jobs[number].status != status {
            self.jobs[number].status = status;
            self.emit(number, status.as_str());
        }
    }

    fn create(&mut self, number: usize) -> Result<(), String> {
        let kind = self.kinds[number];
        self.jobs.push(Job {
            kind,
            status: Undefined,
            startable: true,
            started: false,
            driver: Driver::New,
            user_pause: false,
            internal_pause: false,
            cancel: Cancel::No,
            error: None,
        });
        self.move_to(number, Created);
        if self.transactions[kind.transaction].join(number) {
            return Ok(());
        }
        self.jobs[number].startable = false;
        self.move_to(number, Null);
        Err("The transaction has already been completed or aborted".to_owned())
    }

    fn start(&mut self, number: usize) -> Result<(), String> {
        let job = &mut self.jobs[number];
        job.startable = false;
        if job.status == Created && !job.must_fail() {
            job.started = true;
            self.runnable.push(number);
            self.move_to(number, Running);
        }
        Ok(())
    }

    fn take_back(&mut self, number: usize) -> Result<(), String> {
        let job = &mut self.jobs[number];
        job.startable = false;
        // A cancelled job is concluded with its transaction.
        if job.status == Created && !job.must_fail() {
            self.move_to(number, Null);
            self.leave(number);
            self.advance(self.jobs[number].kind.transaction);
        }
        Ok(())
    }

    fn request(&mut self, number: usize, request: Request) -> Result<(), String> {
        let job = &mut self.jobs[number];
        if job.status == Null {
            return Err("Job not found".to_owned());
        }
        if request == Request::Resume && !job.user_pause {
            return Err("Can't resume a job that was not paused".to_owned());
        }
        let (verb, statuses) = request.rule();
        if !statuses.contains(&job.status) {
            let status = job.status.as_str();
            return Err(format!(
                "Job 'j{number}' in state '{status}' cannot accept command verb '{verb}'"
            ));
        }
        match request {
            Request::Cancel { force } => self.cancel(number, force),
            Request::Pause if job.user_pause => return Err("Job is already paused".to_owned()),
            Request::Pause => job.user_pause = true,
            Request::Resume => self.end_user_pause(number),
            Request::SetSpeed(speed) if speed < 0 => {
                return Err("Parameter 'speed' expects a non-negative value".to_owned());
            }
            Request::SetSpeed(_) => {}
            Request::Change => return self.answered(number, Hook::Change),
            Request::Complete if job.cancel > Cancel::No => {
                return Err(format!("The active block job 'j{number}' cannot be completed"));
            }
            Request::Complete => return self.answered(number, Hook::Complete),
            Request::Dismiss => self.move_to(number, Null),
            Request::Finalize => self.finalize(self.jobs[number].kind.transaction),
        }
        Ok(())
    }

    /// A forced cancel of a job that is not at work aborts its transaction at once.
    fn cancel(&mut self, number: usize, force: bool) {
        self.mark_cancelled(number, force);
        if self.jobs[number].cancel == Cancel::Forced {
            self.fail_waiting(number);
            if !self.jobs[number].is_at_work() {
                self.abort(number);
            }
        }
    }

    /// A cancel ends the pause of a client or of an error; a forced one ends every pause. A cancel
    /// is soft only if the job is ready and its kind has soft cancels.
    pub(super) fn mark_cancelled(&mut self, number: usize, force: bool) {
        let job = &self.jobs[number];
        if job.is_over() {
            return;
        }
        let soft = job.kind.soft_cancel && job.is_ready();
        let panicked = self.call(number, Hook::Cancel).is_some();
        let force = force || panicked || !soft;
        if self.jobs[number].user_pause {
            self.end_user_pause(number);
        }
        let job = &mut self.jobs[number];
        let cancel = if force { Cancel::Forced } else { Cancel::Soft };
        if job.status == Created || job.is_at_work() {
            job.cancel = job.cancel.max(cancel);
        } else if matches!(job.status, Waiting | Pending) && force {
            job.cancel = Cancel::Forced;
        }
        if force {
            self.leave_pause(number);
        }
    }

    /// Calls a hook. If the hook panics, the job fails, and so does the transaction of a job that
    /// is not at work. Returns the error text of the panic.
    pub(super) fn call(&mut self, number: usize, hook: Hook) -> Option<String> {
        if hook != Hook::Run {
            self.emit(number, hook.word());
        }
        if self.jobs[number].kind.fault != Fault::PanicsIn(hook) {
            return None;
        }
        let name = hook.name();
        let text = format!("The job's driver panicked in '{name}': as its kind does");
        self.jobs[number].error.get_or_insert_with(|| text.clone());
        self.leave_pause(number);
        if !self.jobs[number].is_at_work() {
            self.abort(number);
        }
        Some(text)
    }

    /// Calls a hook that may refuse.
    fn answered(&mut self, number: usize, hook: Hook) -> Result<(), String> {
        if let Some(text) = self.call(number, hook) {
            return Err(text);
        }
        let refuses = self.jobs[number].kind.fault == Fault::Refuses;
        if refuses { Err("Not now".to_owned()) } else { Ok(()) }
    }

    fn end_user_pause(&mut self, number: usize) {
        self.jobs[number].user_pause = false;
        self.call(number, Hook::UserResume);
        self.leave_pause_if_unrequested(number);
    }

    fn leave_pause_if_unrequested(&mut self, number: usize) {
        if !self.jobs[number].user_pause && !self.jobs[number].internal_pause {
            self.leave_pause(number);
        }
    }

    /// Leaves the pause at once, and so before the reply to the command that ended the pause.
    fn leave_pause(&mut self, number: usize) {
        match self.jobs[number].status {
            Paused => self.move_to(number, Running),
            Standby => self.move_to(number, Ready),
            _ => return,
        }
        let job = &mut self.jobs[number];
        let first = job.driver == Driver::PausedFirst;
        job.driver = if first { Driver::ResumedFirst } else { Driver::Resumed };
        self.runnable.push(number);
    }

    /// Moves the job to aborting if it must fail, and returns whether it must. The error of a
    /// cancelled job is `Operation canceled`, unless the driver has an error of its own.
    pub(super) fn abort_if_failed(&mut self, number: usize) -> bool {
        let job = &mut self.jobs[number];
        if !job.must_fail() {
            return false;
        }
        job.error.get_or_insert_with(|| "Operation canceled".to_owned());
        self.move_to(number, Aborting);
        true
    }
}
