//! A hook that waits delays the end of its own job, and no other job.

use std::sync::Arc;
use std::time::Duration;

use job::qmp::{job_cancel, job_finalize};
use job::{Job, JobDriver, JobHandle, JobOutcome, JobStatus, Transaction};
use qapi_core::Result;
use tokio::sync::Semaphore;

use super::fixture::{EngineFixture, Work, let_tasks_run, manual, named, reply, text};

/// A driver that ends at once. Its `prepare` and its `clean` each wait for a permit.
struct Slow {
    permits: Arc<Semaphore>,
}

impl Slow {
    async fn wait(&self) {
        self.permits.acquire().await.expect("the semaphore stays open").forget();
    }
}

impl JobDriver for Slow {
    async fn run(&self, _: &JobHandle) -> Result<()> {
        Ok(())
    }

    async fn prepare(&self, _: &JobHandle) -> Result<()> {
        self.wait().await;
        Ok(())
    }

    async fn clean(&self, _: &JobHandle, _: JobOutcome) {
        self.wait().await;
    }
}

fn slow() -> (Slow, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    (Slow { permits: Arc::clone(&permits) }, permits)
}

#[tokio::test(start_paused = true)]
async fn a_job_stays_pending_while_it_is_prepared_and_cleaned_up() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    fixture.create(named("j0"), driver).start();
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running waiting pending");
    fixture.start("other", Work::Finish);
    let_tasks_run().await;
    assert!(fixture.log.take_of("other").ends_with("null"), "others continue");
    permits.add_permits(1);
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "");
    permits.add_permits(1);
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "concluded null");
}

#[tokio::test(start_paused = true)]
async fn finalize_is_answered_when_all_members_are_concluded() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    let transaction = Transaction::new();
    let slow = fixture.create_in(&transaction, manual("slow"), driver);
    let quick = fixture.create_in(&transaction, manual("quick"), fixture.driver(Work::Finish));
    let (slow, _quick) = (slow.start(), quick.start());
    let_tasks_run().await;
    let mut finalize = Box::pin(job_finalize(&fixture.jobs, "quick"));
    assert_eq!(reply(&mut finalize).await, None);
    permits.add_permits(1);
    assert_eq!(reply(&mut finalize).await, None, "it is yet to be cleaned up");
    assert_eq!(slow.status(), JobStatus::Pending);
    permits.add_permits(1);
    assert_eq!(reply(&mut finalize).await.map(text).as_deref(), Some("ok"));
    assert_eq!(slow.status(), JobStatus::Concluded);
}

#[tokio::test(start_paused = true)]
async fn a_finalize_continues_after_its_client_is_gone() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    let mut finalize = Box::pin(job_finalize(&fixture.jobs, "j0"));
    assert_eq!(reply(&mut finalize).await, None);
    drop(finalize);
    permits.add_permits(2);
    let_tasks_run().await;
    assert_eq!(job.status(), JobStatus::Concluded);
}

#[tokio::test(start_paused = true)]
async fn a_job_can_be_cancelled_while_it_is_prepared() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    job.finalize().expect("pending");
    let mut cancel = Box::pin(job_cancel(&fixture.jobs, "j0"));
    assert_eq!(reply(&mut cancel).await, None);
    permits.add_permits(2);
    assert_eq!(reply(&mut cancel).await.map(text).as_deref(), Some("ok"));
    assert_eq!(job.error().as_ref().map(qapi_core::Error::desc), Some("Operation canceled"));
    assert_eq!(job.status(), JobStatus::Concluded);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_answered_when_a_pending_job_is_concluded() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    fixture.log.take();
    let mut cancel = Box::pin(job_cancel(&fixture.jobs, "j0"));
    assert_eq!(reply(&mut cancel).await, None);
    assert_eq!(fixture.log.take_of("j0"), "aborting");
    permits.add_permits(1);
    assert_eq!(reply(&mut cancel).await.map(text).as_deref(), Some("ok"));
    assert_eq!(fixture.log.take_of("j0"), "concluded");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_of_a_job_at_work_is_answered_at_once() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let other = fixture.create_in(&transaction, manual("other"), slow().0);
    let busy = fixture.create_in(&transaction, manual("busy"), fixture.driver(Work::Seconds(9)));
    let (_other, _busy) = (other.start(), busy.start());
    let_tasks_run().await;
    let mut cancel = Box::pin(job_cancel(&fixture.jobs, "busy"));
    assert_eq!(reply(&mut cancel).await.map(text).as_deref(), Some("ok"));
}

#[tokio::test(start_paused = true)]
async fn idle_waits_for_the_hooks_of_an_undone_job() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    let created = fixture.create(named("j0"), driver);
    let job = created.job().clone();
    created.undo();
    let mut idle = Box::pin(job.idle());
    assert_eq!(reply(&mut idle).await, None);
    permits.add_permits(1);
    assert_eq!(reply(&mut idle).await, Some(()));
    assert_eq!(fixture.log.take_of("j0"), "created aborting concluded null");
}

#[tokio::test(start_paused = true)]
async fn cancel_all_waits_for_hooks() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    let mut ending = Box::pin(fixture.jobs.cancel_all());
    assert_eq!(reply(&mut ending).await, None);
    permits.add_permits(1);
    assert_eq!(reply(&mut ending).await, Some(()));
}

/// A driver whose `prepare` waits, and then panics.
struct PanicsInPrepare;

impl JobDriver for PanicsInPrepare {
    async fn run(&self, _: &JobHandle) -> Result<()> {
        Ok(())
    }

    async fn prepare(&self, _: &JobHandle) -> Result<()> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        panic!("as the script says")
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_after_a_while_fails_the_job() {
    let fixture = EngineFixture::new();
    let job = fixture.create(named("j0"), PanicsInPrepare).start();
    assert_eq!(
        text(job.concluded().await),
        "The job's driver panicked in 'prepare': as the script says"
    );
    assert_eq!(
        fixture.log.take_of("j0"),
        "created running waiting pending aborting concluded null"
    );
}

/// A job that is pending, on a runtime of its own.
fn pending(fixture: &EngineFixture, driver: Slow) -> (tokio::runtime::Runtime, Job) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let job = runtime.block_on(async {
        let job = fixture.create(manual("j0"), driver).start();
        while job.status() != JobStatus::Pending {
            tokio::task::yield_now().await;
        }
        job
    });
    (runtime, job)
}

#[test]
fn the_shutdown_of_a_runtime_drops_a_hook_and_ends_the_job() {
    let fixture = EngineFixture::new();
    let (runtime, job) = pending(&fixture, slow().0);
    runtime.block_on(async { job.finalize().expect("pending") });
    assert_eq!(job.status(), JobStatus::Pending);
    drop(runtime);
    let life = "created running waiting pending aborting concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[test]
fn hooks_run_on_the_runtime_of_the_job_wherever_it_is_finalized() {
    let fixture = EngineFixture::new();
    let (driver, permits) = slow();
    let (runtime, job) = pending(&fixture, driver);
    // Called outside of the runtime.
    job.finalize().expect("pending");
    assert_eq!(job.status(), JobStatus::Pending);
    permits.add_permits(2);
    runtime.block_on(job.idle());
    assert_eq!(job.status(), JobStatus::Concluded);
    assert_eq!(job.error(), None);
}
