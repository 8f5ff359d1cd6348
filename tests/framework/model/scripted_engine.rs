//! The engine, with drivers that act only when a step makes them.

use std::sync::Mutex;

use job::{
    CancelMode, CreatedJob, Job, JobDriver, JobHandle, JobNotification, JobOptions, JobOutcome,
    JobStatusChange, JobType, JobVerb, Jobs, PauseGuard, Speed, Transaction,
};
use qapi_core::{Error, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::step::{DriverAction, Fault, Hook, Kind, Outcome, Request, Step, View};
use crate::job::fixture::Log;

struct ScriptedDriver {
    kind: Kind,
    log: Log,
    actions: Mutex<Option<UnboundedReceiver<DriverAction>>>,
}

impl ScriptedDriver {
    /// Logs the call of a hook, and panics if that is the fault of this kind. The panic prints
    /// nothing.
    fn called(&self, job: &JobHandle, hook: Hook) {
        if hook != Hook::Run {
            self.log.write(job.id(), hook.word());
        }
        if self.kind.fault == Fault::PanicsIn(hook) {
            std::panic::resume_unwind(Box::new("as its kind does"));
        }
    }

    fn answered(&self, job: &JobHandle, hook: Hook) -> Result<()> {
        self.called(job, hook);
        if self.kind.fault == Fault::Refuses { Err(Error::generic("Not now")) } else { Ok(()) }
    }
}

impl JobDriver for ScriptedDriver {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        let actions = self.actions.lock().expect("no panic").take();
        let mut actions = actions.expect("a job runs once");
        while let Some(action) = actions.recv().await {
            match action {
                // A cancel does not end the driver here; a later action does.
                DriverAction::PassPausePoint => drop(job.pause_point().await),
                DriverAction::BecomeReady => job.ready(),
                DriverAction::MeetError => job.pause_for_error(),
                DriverAction::Succeed => return Ok(()),
                DriverAction::Fail => {
                    self.called(job, Hook::Run);
                    return Err(Error::generic("Input/output error"));
                }
            }
        }
        Ok(())
    }

    fn user_resume(&self, job: &JobHandle) {
        self.called(job, Hook::UserResume);
    }

    fn complete(&self, job: &JobHandle) -> Result<()> {
        self.answered(job, Hook::Complete)
    }

    fn cancel(&self, job: &JobHandle, mode: CancelMode) -> CancelMode {
        self.called(job, Hook::Cancel);
        if self.kind.soft_cancel && job.is_ready() { mode } else { CancelMode::Force }
    }

    async fn prepare(&self, job: &JobHandle) -> Result<()> {
        self.called(job, Hook::Prepare);
        if self.kind.fault == Fault::FailsLate { Err(Error::generic("Too late")) } else { Ok(()) }
    }

    async fn clean(&self, job: &JobHandle, outcome: JobOutcome) {
        self.called(
            job,
            match outcome {
                JobOutcome::Success => Hook::CleanSuccess,
                JobOutcome::Failure => Hook::CleanFailure,
            },
        );
    }

    fn change(&self, job: &JobHandle, _: &(dyn std::any::Any + Send + Sync)) -> Result<()> {
        self.answered(job, Hook::Change)
    }

    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        self.log.write(job.id(), format!("!{notification:?}"));
    }
}

/// The engine, and the controls of its drivers.
pub(super) struct ScriptedEngine {
    jobs: Jobs,
    log: Log,
    kinds: Vec<Kind>,
    transactions: [Transaction; 2],
    members: Vec<Member>,
}

struct Member {
    created: Option<CreatedJob>,
    internal_pause: Option<PauseGuard>,
    actions: UnboundedSender<DriverAction>,
}

impl ScriptedEngine {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        let log = Log::default();
        let sink = log.clone();
        let jobs = Jobs::new(move |change: &JobStatusChange| {
            sink.write(Some(&change.id), change.status.as_str());
        });
        Self {
            jobs,
            log,
            kinds: kinds.to_vec(),
            transactions: [Transaction::new(), Transaction::new()],
            members: Vec::new(),
        }
    }

    /// Takes a step.
    pub(super) async fn take(&mut self, step: Step) -> Outcome {
        let reply = match step {
            Step::Create(number) => self.create(number),
            Step::Start(number) => {
                self.created(number).start();
                Ok(())
            }
            Step::TakeBack(number) => {
                drop(self.created(number));
                Ok(())
            }
            Step::Undo(number) => {
                self.created(number).undo();
                Ok(())
            }
            Step::Request(number, request) => self.request(number, request),
            Step::BeginPause(number) => {
                let job = self.jobs.find(&id(number));
                self.members[number].internal_pause = job.map(|job| job.pause());
                Ok(())
            }
            Step::EndPause(number) => {
                self.members[number].internal_pause = None;
                Ok(())
            }
            Step::Drive(number, action) => {
                turn().await;
                self.members[number].actions.send(action).expect("the driver is there");
                turn().await;
                Ok(())
            }
            Step::Turn => {
                turn().await;
                Ok(())
            }
        };
        let reply = reply.err().map_or_else(|| "ok".to_owned(), |error| error.desc().to_owned());
        Outcome { reply, events: self.log.take() }
    }

    /// Ends the jobs that are left.
    pub(super) async fn end(self) {
        drop(self);
        turn().await;
    }

    /// The result of queries, the newest job first.
    pub(super) fn view(&self) -> Vec<View> {
        let jobs = self.jobs.list();
        let infos = self.jobs.query();
        assert_eq!(jobs.len(), infos.len());
        let view = |(job, info): (&Job, job::JobInfo)| View {
            id: info.id,
            status: info.status,
            error: info.error,
            user_paused: job.user_paused(),
            pause_requested: job.pause_requested(),
            busy: job.is_busy(),
            ready: job.is_ready(),
            cancel_requested: job.cancel_requested(),
            cancelled: job.is_cancelled(),
        };
        jobs.iter().zip(infos).map(view).collect()
    }

    fn create(&mut self, number: usize) -> Result<()> {
        let kind = self.kinds[number];
        let (actions, receiver) = unbounded_channel();
        let options = JobOptions::new(JobType::Backup)
            .id(id(number))
            .auto_finalize(kind.auto_finalize)
            .auto_dismiss(kind.auto_dismiss);
        let driver =
            ScriptedDriver { kind, log: self.log.clone(), actions: Mutex::new(Some(receiver)) };
        let created =
            self.jobs.create(options, driver, Some(&self.transactions[kind.transaction]));
        let (created, reply) = match created {
            Ok(created) => (Some(created), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.members.push(Member { created, internal_pause: None, actions });
        reply
    }

    fn created(&mut self, number: usize) -> CreatedJob {
        self.members[number].created.take().expect("not yet started")
    }

    fn request(&self, number: usize, request: Request) -> Result<()> {
        let job = self.jobs.get(&id(number))?;
        match request {
            Request::Cancel { force: true } => job.user_cancel(CancelMode::Force),
            Request::Cancel { force: false } => job.user_cancel(CancelMode::Soft),
            Request::Pause => job.user_pause(),
            Request::Resume => job.user_resume(),
            Request::SetSpeed(speed) => set_speed(&job, speed),
            Request::Complete => job.complete(),
            Request::Dismiss => job.dismiss(),
            Request::Finalize => job.finalize(),
            Request::Change => job.change(&()),
        }
    }
}

/// The command `block-job-set-speed`.
fn set_speed(job: &Job, speed: i64) -> Result<()> {
    let before = job.speed();
    let set = || {
        job.apply_verb(JobVerb::SetSpeed)?;
        job.set_speed(Speed::try_from(speed)?)
    };
    let answer = set();
    let expected = if answer.is_ok() { speed } else { before.into() };
    assert_eq!(i64::from(job.speed()), expected);
    answer
}

fn id(number: usize) -> String {
    format!("j{number}")
}

/// Runs every driver until it waits: all runnable tasks run before this one continues.
async fn turn() {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}
