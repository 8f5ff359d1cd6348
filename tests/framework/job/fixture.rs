//! An engine that logs its events, and drivers that follow a script.

use std::any::Any;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use job::{
    CancelMode, CreatedJob, Job, JobDriver, JobHandle, JobNotification, JobOptions, JobOutcome,
    JobStatusChange, JobType, Jobs, Transaction,
};
use qapi_core::{Error, Result};

/// Lines such as `j0 running`, `j0 !Ready` (a notification) and `j0 commit` (a hook).
#[derive(Clone, Default)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    pub(crate) fn write(&self, id: Option<&str>, what: impl Into<String>) {
        let line = format!("{} {}", id.unwrap_or("-"), what.into());
        self.lines.lock().expect("no test panics while it logs").push(line);
    }

    /// The lines since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().expect("no test panics while it logs"))
    }

    /// The lines about one job since the last call, joined and without its identifier. Lines
    /// of other jobs stay.
    pub(super) fn take_of(&self, id: &str) -> String {
        let mut lines = self.lines.lock().expect("no test panics while it logs");
        let (own, others): (Vec<_>, Vec<_>) =
            lines.drain(..).partition(|line| line.split(' ').next() == Some(id));
        *lines = others;
        let words: Vec<_> = own.iter().map(|line| &line[id.len() + 1..]).collect();
        words.join(" ")
    }
}

/// An engine under test.
pub(super) struct EngineFixture {
    pub(super) jobs: Jobs,
    pub(super) log: Log,
}

impl EngineFixture {
    pub(super) fn new() -> Self {
        let log = Log::default();
        let sink = log.clone();
        let jobs = Jobs::new(move |change: &JobStatusChange| {
            sink.write(Some(&change.id), format!("{:?}", change.status).to_lowercase());
        });
        Self { jobs, log }
    }

    pub(super) fn driver(&self, work: Work) -> Scripted {
        Scripted {
            work,
            log: self.log.clone(),
            hooks: false,
            soft_cancel: false,
            prepare: Ok(()),
            panic_in: None,
            yields: 0,
            should_complete: AtomicBool::new(false),
        }
    }

    pub(super) fn create(&self, options: JobOptions, driver: impl JobDriver) -> CreatedJob {
        self.jobs.create(options, driver, None).expect("the job is created")
    }

    /// Starts a job that finalizes and dismisses itself.
    pub(super) fn start(&self, id: &str, work: Work) -> Job {
        self.create(named(id), self.driver(work)).start()
    }

    /// Starts a job with this driver, and cancels it by force when all tasks wait.
    pub(super) async fn cancelled(&self, driver: impl JobDriver) -> Job {
        let job = self.create(manual("j0"), driver).start();
        let_tasks_run().await;
        job.user_cancel(CancelMode::Force).expect("not over");
        let_tasks_run().await;
        job
    }

    pub(super) fn create_in(
        &self,
        transaction: &Transaction,
        options: JobOptions,
        driver: impl JobDriver,
    ) -> CreatedJob {
        self.jobs.create(options, driver, Some(transaction)).expect("the job is created")
    }
}

/// A named job that finalizes and dismisses itself.
pub(super) fn named(id: &str) -> JobOptions {
    JobOptions::new(JobType::Backup).id(id)
}

/// A named job that a client has to finalize and to dismiss.
pub(super) fn manual(id: &str) -> JobOptions {
    named(id).auto_finalize(false).auto_dismiss(false)
}

/// Lets all tasks run until each of them waits. The clock is paused, so that it moves only then.
pub(super) async fn let_tasks_run() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Pauses a job at work, and lets all tasks run before and after the pause.
pub(super) async fn pause(job: &Job) {
    let_tasks_run().await;
    job.user_pause().expect("the job is at work");
    let_tasks_run().await;
}

/// The reply to `command`, if there is one now.
pub(super) async fn reply<T>(command: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(1), command).await.ok()
}

/// The text of an error; `ok` for a success.
pub(super) fn text(result: Result<()>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.desc().to_owned(),
    }
}

/// The result of a job, which must be over after all tasks have run.
pub(super) async fn result(job: &Job) -> String {
    let_tasks_run().await;
    assert!(job.status().is_over(), "{job:?}");
    text(job.concluded().await)
}

/// The work of a driver.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    Finish,
    Fail(&'static str),
    /// Waits until the job is cancelled.
    UntilCancelled,
    /// Becomes ready, and waits until it is completed or cancelled.
    UntilCompleted,
    /// Sleeps for this number of seconds, and reports progress after each.
    Seconds(u64),
    Panic(&'static str),
}

/// A driver that follows a script, and logs its hooks if `hooks` is set.
pub(super) struct Scripted {
    work: Work,
    log: Log,
    pub(super) hooks: bool,
    /// Whether a soft cancel of a ready job ends the job with success.
    pub(super) soft_cancel: bool,
    pub(super) prepare: Result<()>,
    pub(super) panic_in: Option<&'static str>,
    /// The number of times that an asynchronous hook yields to other tasks.
    pub(super) yields: usize,
    should_complete: AtomicBool,
}

impl Scripted {
    fn called(&self, job: &JobHandle, hook: &'static str) {
        if self.hooks {
            self.log.write(job.id(), hook);
        }
        assert_ne!(self.panic_in, Some(hook), "as the script says");
    }

    async fn yield_to_others(&self) {
        for _ in 0..self.yields {
            tokio::task::yield_now().await;
        }
    }
}

impl JobDriver for Scripted {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        match self.work {
            Work::Finish => Ok(()),
            Work::Fail(text) => Err(Error::generic(text)),
            Work::UntilCancelled => loop {
                job.entered().await?;
            },
            Work::UntilCompleted => {
                job.ready();
                while !self.should_complete.load(Ordering::SeqCst) && !job.cancel_requested() {
                    job.entered().await?;
                }
                Ok(())
            }
            Work::Seconds(seconds) => {
                job.set_remaining(seconds);
                for _ in 0..seconds {
                    job.sleep(Duration::from_secs(1)).await?;
                    job.advance(1);
                }
                Ok(())
            }
            Work::Panic(text) => panic!("{text}"),
        }
    }

    fn user_resume(&self, job: &JobHandle) {
        self.called(job, "user_resume");
    }

    fn complete(&self, job: &JobHandle) -> Result<()> {
        self.called(job, "complete");
        self.should_complete.store(true, Ordering::SeqCst);
        job.enter();
        Ok(())
    }

    fn cancel(&self, job: &JobHandle, mode: CancelMode) -> CancelMode {
        self.called(job, "cancel");
        if self.soft_cancel && job.is_ready() { mode } else { CancelMode::Force }
    }

    async fn prepare(&self, job: &JobHandle) -> Result<()> {
        self.yield_to_others().await;
        self.called(job, "prepare");
        self.prepare.clone()
    }

    /// Logs `commit` or `abort`, and then `clean`; `panic_in` can name any of the three.
    async fn clean(&self, job: &JobHandle, outcome: JobOutcome) {
        self.called(job, outcome_word(outcome));
        self.yield_to_others().await;
        self.called(job, "clean");
    }

    fn change(&self, job: &JobHandle, _: &(dyn Any + Send + Sync)) -> Result<()> {
        self.called(job, "change");
        Ok(())
    }

    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        self.log.write(job.id(), format!("!{notification:?}"));
        assert_ne!(self.panic_in, Some("notify"), "as the script says");
    }
}

/// The word in the log for a clean-up with this outcome.
pub(super) fn outcome_word(outcome: JobOutcome) -> &'static str {
    match outcome {
        JobOutcome::Success => "commit",
        JobOutcome::Failure => "abort",
    }
}

/// A driver without hooks.
pub(super) struct FnDriver<F> {
    run: F,
}

/// A driver whose work is the function `run`.
pub(super) fn driver_fn<F, R>(run: F) -> FnDriver<F>
where
    F: Fn(JobHandle) -> R + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    FnDriver { run }
}

impl<F, R> JobDriver for FnDriver<F>
where
    F: Fn(JobHandle) -> R + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    async fn run(&self, job: &JobHandle) -> Result<()> {
        (self.run)(job.clone()).await
    }
}
