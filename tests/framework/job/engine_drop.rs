//! The drop of the last handle of an engine.

use std::sync::Mutex;
use std::time::Duration;

use job::{CancelMode, JobDriver, JobHandle, JobStatus, Jobs};
use qapi_core::Result;
use tokio::runtime::{Builder, Runtime};

use super::fixture::{EngineFixture, Log, Work, let_tasks_run, manual, named, text};

#[tokio::test(start_paused = true)]
async fn the_drop_of_the_last_handle_cancels_the_jobs() {
    let EngineFixture { jobs, log } = EngineFixture::new();
    let fixture = EngineFixture { jobs: jobs.clone(), log: log.clone() };
    let job = fixture.create(manual("j0"), fixture.driver(Work::UntilCancelled)).start();
    let_tasks_run().await;
    drop(fixture);
    let_tasks_run().await;
    assert_eq!(job.status(), JobStatus::Running);
    drop(jobs);
    let_tasks_run().await;
    // The job is dismissed, too: no client can reach it any more.
    assert_eq!(log.take_of("j0"), "created running aborting !FinalizeCancelled concluded null");
}

/// A driver that, after a cancel, needs another thread to finish.
struct Slow {
    log: Log,
}

impl JobDriver for Slow {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        let _ = job.entered().await;
        let log = self.log.clone();
        let id = job.id().map(str::to_owned);
        let work = tokio::task::spawn_blocking(move || log.write(id.as_deref(), "worked"));
        work.await.expect("nothing panics");
        Ok(())
    }
}

#[test]
fn a_drop_on_a_runtime_of_several_threads_waits_for_the_jobs() {
    let runtime = several_threads(1);
    let log = runtime.block_on(async {
        let EngineFixture { jobs, log } = three_slow_jobs().await;
        drop(jobs);
        log
    });
    assert_three_worked(&log);
    // The same within a task, which occupies the only worker thread.
    let log = runtime.block_on(async {
        let EngineFixture { jobs, log } = three_slow_jobs().await;
        tokio::spawn(async move { drop(jobs) }).await.expect("nothing panics");
        log
    });
    assert_three_worked(&log);
}

#[test]
fn a_drop_outside_of_runtimes_waits_for_jobs_on_a_runtime_of_several_threads() {
    let runtime = several_threads(2);
    let EngineFixture { jobs, log } = runtime.block_on(async { three_slow_jobs().await });
    drop(jobs);
    assert_three_worked(&log);
}

#[test]
fn a_drop_in_a_local_set_or_outside_of_a_single_threaded_runtime_does_not_wait() {
    let runtime = several_threads(1);
    let local = tokio::task::LocalSet::new();
    let fixture = runtime.block_on(async { one_endless_job().await });
    let log = local.block_on(&runtime, async move {
        let EngineFixture { jobs, log } = fixture;
        drop(jobs);
        log
    });
    drop(runtime);
    let life = "created running aborting !FinalizeCancelled concluded null";
    assert_eq!(log.take_of("j0"), life);

    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let EngineFixture { jobs, log } = runtime.block_on(async { one_endless_job().await });
    drop(jobs);
    assert_eq!(log.take_of("j0"), "created running");
    drop(runtime);
    assert_eq!(format!("created running {}", log.take_of("j0")), life);
}

/// A driver that owns the last handle of its own engine.
struct Owner {
    jobs: Mutex<Option<Jobs>>,
}

impl JobDriver for Owner {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        let _ = job.entered().await;
        drop(self.jobs.lock().expect("no panic").take());
        Ok(())
    }
}

#[test]
fn a_driver_that_drops_its_own_engine_does_not_wait_for_itself() {
    several_threads(2).block_on(async {
        let jobs = EngineFixture::new().jobs;
        let driver = Owner { jobs: Mutex::new(Some(jobs.clone())) };
        let job = jobs.create(named("j0"), driver, None).expect("the job is created").start();
        drop(jobs);
        job.cancel(CancelMode::Force);
        let hour = Duration::from_secs(3600);
        let ended = tokio::time::timeout(hour, job.concluded()).await;
        assert_eq!(ended.map(text), Ok("Operation canceled".to_owned()));
    });
}

fn several_threads(count: usize) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(count).enable_all().build();
    runtime.expect("a runtime")
}

async fn three_slow_jobs() -> EngineFixture {
    let fixture = EngineFixture::new();
    for id in ["j0", "j1", "j2"] {
        let job = fixture.create(named(id), Slow { log: fixture.log.clone() }).start();
        job.not_busy().await;
    }
    fixture
}

async fn one_endless_job() -> EngineFixture {
    let fixture = EngineFixture::new();
    fixture.start("j0", Work::UntilCancelled).not_busy().await;
    fixture
}

fn assert_three_worked(log: &Log) {
    for id in ["j0", "j1", "j2"] {
        let life = log.take_of(id);
        assert_eq!(life, "created running worked aborting concluded null");
    }
}
