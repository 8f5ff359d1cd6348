//! The engine, with drivers that do nothing unless they are told.

use std::sync::{Arc, Mutex};

use job::{
    CreatedJob, InternalPause, Job, JobDriver, JobHandle, JobNotification, JobOptions,
    JobStatusChange, JobType, Jobs, Transaction,
};
use qapi_core::{Error, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::step::{Ask, Deed, Flaw, Hook, Kind, Outcome, Step, View};

#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    fn write(&self, id: Option<&str>, what: &str) {
        let line = format!("{} {what}", id.unwrap_or("-"));
        self.lines.lock().expect("nobody panics while it logs").push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().expect("nobody panics while it logs"))
    }
}

struct Puppet {
    kind: Kind,
    log: Log,
    deeds: Mutex<Option<UnboundedReceiver<Deed>>>,
}

impl Puppet {
    /// Panics there if that is its flaw, without a word to the log of the tests.
    fn called(&self, job: &JobHandle, hook: Hook) {
        if hook != Hook::Run {
            self.log.write(job.id(), hook.name());
        }
        if self.kind.flaw == Flaw::PanicsIn(hook) {
            std::panic::resume_unwind(Box::new("as its kind does"));
        }
    }

    fn answered(&self, job: &JobHandle, hook: Hook) -> Result<()> {
        self.called(job, hook);
        if self.kind.flaw == Flaw::Refuses { Err(Error::generic("Not now")) } else { Ok(()) }
    }
}

impl JobDriver for Puppet {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        let deeds = self.deeds.lock().expect("nobody panics").take();
        let mut deeds = deeds.expect("a job runs once");
        while let Some(deed) = deeds.recv().await {
            match deed {
                // That it is to give up is said by another deed.
                Deed::PassPausePoint => drop(job.pause_point().await),
                Deed::BecomeReady => job.ready(),
                Deed::MeetError => job.pause_for_error(),
                Deed::Succeed => return Ok(()),
                Deed::Fail => {
                    self.called(job, Hook::Run);
                    return Err(Error::generic("Input/output error"));
                }
            }
        }
        Ok(())
    }

    fn pause(&self, job: &JobHandle) {
        self.called(job, Hook::Pause);
    }

    fn resume(&self, job: &JobHandle) {
        self.called(job, Hook::Resume);
    }

    fn user_resume(&self, job: &JobHandle) {
        self.called(job, Hook::UserResume);
    }

    fn complete(&self, job: &JobHandle) -> Result<()> {
        self.answered(job, Hook::Complete)
    }

    fn cancel(&self, job: &JobHandle, force: bool) -> bool {
        self.called(job, Hook::Cancel);
        force || !(self.kind.soft_cancel && job.is_ready())
    }

    async fn prepare(&self, job: &JobHandle) -> Result<()> {
        self.called(job, Hook::Prepare);
        if self.kind.flaw == Flaw::FailsLate { Err(Error::generic("Too late")) } else { Ok(()) }
    }

    fn commit(&self, job: &JobHandle) {
        self.called(job, Hook::Commit);
    }

    fn abort(&self, job: &JobHandle) {
        self.called(job, Hook::Abort);
    }

    async fn clean(&self, job: &JobHandle) {
        self.called(job, Hook::Clean);
    }

    fn set_speed(&self, job: &JobHandle, _: i64) -> Result<()> {
        self.answered(job, Hook::SetSpeed)
    }

    fn change(&self, job: &JobHandle, _: &(dyn std::any::Any + Send + Sync)) -> Result<()> {
        self.answered(job, Hook::Change)
    }

    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        self.log.write(job.id(), &format!("!{notification:?}"));
    }
}

/// The engine, and a hand on every string.
pub(super) struct Puppets {
    jobs: Jobs,
    log: Log,
    kinds: Vec<Kind>,
    transactions: [Transaction; 2],
    members: Vec<Member>,
}

struct Member {
    created: Option<CreatedJob>,
    hold: Option<InternalPause>,
    deeds: UnboundedSender<Deed>,
}

impl Puppets {
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

    /// Carries out a step.
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
            Step::Ask(number, ask) => self.ask(number, ask),
            Step::Hold(number) => {
                let job = self.jobs.find(&id(number));
                self.members[number].hold = job.map(|job| job.pause());
                Ok(())
            }
            Step::LetGo(number) => {
                self.members[number].hold = None;
                Ok(())
            }
            Step::Drive(number, deed) => {
                turn().await;
                self.members[number].deeds.send(deed).expect("the driver is there");
                turn().await;
                Ok(())
            }
            Step::Turn => {
                turn().await;
                Ok(())
            }
        };
        let reply = reply.err().map_or_else(|| "ok".to_owned(), |error| error.desc().to_owned());
        Outcome { reply, told: self.log.take() }
    }

    /// Ends whatever is still there.
    pub(super) async fn end(self) {
        drop(self);
        turn().await;
    }

    /// What queries show, the newest job first.
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
        let (deeds, receiver) = unbounded_channel();
        let options = JobOptions::new(JobType::Backup)
            .id(id(number))
            .auto_finalize(kind.auto_finalize)
            .auto_dismiss(kind.auto_dismiss);
        let driver = Puppet { kind, log: self.log.clone(), deeds: Mutex::new(Some(receiver)) };
        let created =
            self.jobs.create(options, driver, Some(&self.transactions[kind.transaction]));
        let (created, reply) = match created {
            Ok(created) => (Some(created), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.members.push(Member { created, hold: None, deeds });
        reply
    }

    fn created(&mut self, number: usize) -> CreatedJob {
        self.members[number].created.take().expect("not yet started")
    }

    fn ask(&self, number: usize, ask: Ask) -> Result<()> {
        let job = self.jobs.get(&id(number))?;
        match ask {
            Ask::Cancel { force } => job.user_cancel(force),
            Ask::Pause => job.user_pause(),
            Ask::Resume => job.user_resume(),
            Ask::SetSpeed(speed) => {
                let before = job.speed();
                let answer = job.set_speed(speed);
                let expected = if answer.is_ok() { speed } else { before };
                assert_eq!(job.speed(), expected);
                answer
            }
            Ask::Complete => job.complete(),
            Ask::Dismiss => job.dismiss(),
            Ask::Finalize => job.finalize(),
            Ask::Change => job.change(&()),
        }
    }
}

fn id(number: usize) -> String {
    format!("j{number}")
}

/// Lets every driver go on until each waits: all that can run do before whoever yields.
async fn turn() {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}
