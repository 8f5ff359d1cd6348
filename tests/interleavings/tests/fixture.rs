//! An engine that logs its events, and the properties that hold in any order of threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use job_interleaved::{
    CancelMode, CreatedJob, Job, JobDriver, JobHandle, JobNotification, JobOptions, JobOutcome,
    JobStatus, JobStatusChange, JobType, Jobs, Transaction, transition,
};
use qapi_core::{Error, Result};

/// Lines such as `j0 running`, `j0 !Ready` (a notification) and `j0 commit` (a hook). Writing a
/// line is no scheduling point.
#[derive(Clone, Default)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    fn write(&self, id: &str, what: &str) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{id} {what}"));
    }

    /// The words of the log about each job.
    fn lives(&self) -> HashMap<String, Vec<String>> {
        let mut lives: HashMap<_, Vec<_>> = HashMap::new();
        for line in &*self.lines.lock().unwrap_or_else(PoisonError::into_inner) {
            let (id, word) = line.split_once(' ').expect("two words");
            lives.entry(id.to_owned()).or_default().push(word.to_owned());
        }
        lives
    }

    pub(crate) fn life(&self, id: &str) -> String {
        self.lives().remove(id).unwrap_or_default().join(" ")
    }
}

/// An engine under test.
#[derive(Clone)]
pub(crate) struct EngineFixture {
    pub(crate) jobs: Jobs,
    pub(crate) log: Log,
}

impl EngineFixture {
    pub(crate) fn new() -> Self {
        let log = Log::default();
        let sink = log.clone();
        let jobs = Jobs::new(move |change: &JobStatusChange| {
            sink.write(&change.id, change.status.as_str());
        });
        Self { jobs, log }
    }

    pub(crate) fn try_create(
        &self,
        id: &str,
        work: Work,
        transaction: Option<&Transaction>,
    ) -> Result<CreatedJob> {
        let options = JobOptions::new(JobType::Backup).id(id).auto_finalize(!work.is_manual());
        let options = options.auto_dismiss(!work.is_manual());
        let driver = Driver { work, log: self.log.clone(), complete: AtomicBool::new(false) };
        self.jobs.create(options, driver, transaction)
    }

    pub(crate) fn create(
        &self,
        id: &str,
        work: Work,
        transaction: Option<&Transaction>,
    ) -> CreatedJob {
        self.try_create(id, work, transaction).expect("the job is created")
    }

    /// Makes a driver with [`Work::Throttle`] continue.
    pub(crate) fn continue_work(job: &Job) {
        let driver = job.driver::<Driver>().expect("there is no other");
        driver.complete.store(true, Ordering::SeqCst);
        drop(job.pause());
    }

    pub(crate) fn start(&self, id: &str, work: Work) -> Job {
        self.create(id, work, None).start()
    }

    /// Lets the other threads run until a job is in that state.
    pub(crate) fn until(job: &Job, status: JobStatus) {
        while job.status() != status {
            shuttle::thread::yield_now();
        }
    }

    /// Cancels all jobs, waits for their ends, and checks their lives.
    pub(crate) fn end(&self) {
        shuttle::future::block_on(self.jobs.cancel_all());
        self.check_lives();
    }

    /// Checks that each job made only legal transitions, is null, and was cleaned up once if it was
    /// concluded.
    pub(crate) fn check_lives(&self) {
        for (id, life) in self.log.lives() {
            let mut status = JobStatus::Undefined;
            for next in life.iter().filter_map(|word| status_of(word)) {
                assert_eq!(transition(status, next), Ok(()), "{id}: {life:?}");
                status = next;
            }
            assert_eq!(status, JobStatus::Null, "{id}: {life:?}");
            let count = |what: &str| life.iter().filter(|word| *word == what).count();
            assert_eq!(count("clean"), count("concluded"), "{id}: {life:?}");
            assert_eq!(count("commit") + count("abort"), count("clean"), "{id}: {life:?}");
            assert_eq!(count("abort"), count("aborting"), "{id}: {life:?}");
        }
    }

    /// Checks that all of these jobs succeeded, or none. Jobs that were taken back do not count.
    pub(crate) fn check_together(&self, ids: &[&str]) {
        let lives = ids.iter().map(|id| self.log.life(id));
        let ends: Vec<_> = lives.filter(|life| life.contains("clean")).collect();
        let committed = ends.iter().filter(|life| life.contains("commit")).count();
        assert!(committed == 0 || committed == ends.len(), "{ends:#?}");
    }
}

fn status_of(word: &str) -> Option<JobStatus> {
    JobStatus::ALL.iter().copied().find(|status| status.as_str() == word)
}

/// The work of a driver.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Finish,
    /// Finishes a job that waits for a client to finalize and to dismiss it.
    FinishManually,
    Fail,
    /// Passes two pause points, and finishes.
    Pause,
    UntilCancelled,
    /// Becomes ready, and waits until it is completed or cancelled.
    UntilCompleted,
    /// Stops for an error, and finishes when it is resumed.
    Stop,
    /// Waits for [`continue_work`](EngineFixture::continue_work), and then copies twice.
    Throttle,
}

impl Work {
    fn is_manual(self) -> bool {
        matches!(self, Self::FinishManually)
    }
}

struct Driver {
    work: Work,
    log: Log,
    complete: AtomicBool,
}

impl Driver {
    fn called(&self, job: &JobHandle, hook: &str) {
        self.log.write(job.id().unwrap_or("-"), hook);
    }
}

impl JobDriver for Driver {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        match self.work {
            Work::Finish | Work::FinishManually => Ok(()),
            Work::Fail => Err(Error::generic("as the script says")),
            Work::Pause => {
                job.pause_point().await?;
                job.pause_point().await?;
                Ok(())
            }
            Work::UntilCancelled => loop {
                job.entered().await?;
            },
            Work::UntilCompleted => {
                job.ready();
                while !self.complete.load(Ordering::SeqCst) && !job.cancel_requested() {
                    job.entered().await?;
                }
                Ok(())
            }
            Work::Throttle => {
                while !self.complete.load(Ordering::SeqCst) {
                    job.entered().await?;
                }
                job.throttle(u64::MAX).await?;
                job.throttle(u64::MAX).await?;
                Ok(())
            }
            Work::Stop => {
                job.pause_for_error();
                job.pause_point().await?;
                Ok(())
            }
        }
    }

    fn user_resume(&self, job: &JobHandle) {
        self.called(job, "user_resume");
    }

    fn complete(&self, job: &JobHandle) -> Result<()> {
        self.complete.store(true, Ordering::SeqCst);
        job.enter();
        Ok(())
    }

    fn cancel(&self, job: &JobHandle, mode: CancelMode) -> CancelMode {
        if job.is_ready() { mode } else { CancelMode::Force }
    }

    async fn clean(&self, job: &JobHandle, outcome: JobOutcome) {
        self.called(
            job,
            match outcome {
                JobOutcome::Success => "commit",
                JobOutcome::Failure => "abort",
            },
        );
        self.called(job, "clean");
    }

    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        self.called(job, &format!("!{notification:?}"));
    }
}
