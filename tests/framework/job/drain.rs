//! The reply to a command that ends a job is sent after `drain` of the driver has returned.

use std::sync::Arc;

use job::qmp::{job_dismiss, job_finalize};
use job::{JobDriver, JobHandle, JobStatus};
use qapi_core::Result;
use tokio::sync::Semaphore;

use super::fixture::{EngineFixture, Work, let_tasks_run, manual, reply, text};

/// A driver that ends at once. Each call of `drain` waits for a permit of the semaphore.
struct DrainsOnPermit {
    permits: Arc<Semaphore>,
}

impl JobDriver for DrainsOnPermit {
    async fn run(&self, _: &JobHandle) -> Result<()> {
        Ok(())
    }

    async fn drain(&self, job: &JobHandle) {
        assert_eq!(job.id(), Some("j0"));
        self.permits.acquire().await.expect("the semaphore stays open").forget();
    }
}

#[tokio::test(start_paused = true)]
async fn drained_waits_for_the_driver() {
    let fixture = EngineFixture::new();
    let permits = Arc::new(Semaphore::new(0));
    let job =
        fixture.create(manual("j0"), DrainsOnPermit { permits: Arc::clone(&permits) }).start();
    let_tasks_run().await;
    let mut drained = Box::pin(job.drained());
    assert_eq!(reply(&mut drained).await, None);
    permits.add_permits(1);
    assert_eq!(reply(&mut drained).await, Some(()));
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_the_hook_is_drained_at_once() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::Finish);
    assert_eq!(reply(&mut Box::pin(job.drained())).await, Some(()));
}

#[tokio::test(start_paused = true)]
async fn the_replies_to_finalize_and_dismiss_wait_for_drain() {
    let fixture = EngineFixture::new();
    let permits = Arc::new(Semaphore::new(0));
    let job =
        fixture.create(manual("j0"), DrainsOnPermit { permits: Arc::clone(&permits) }).start();
    let_tasks_run().await;

    let mut finalize = Box::pin(job_finalize(&fixture.jobs, "j0"));
    assert_eq!(reply(&mut finalize).await, None);
    assert_eq!(job.status(), JobStatus::Concluded);
    permits.add_permits(1);
    assert_eq!(reply(&mut finalize).await.map(text).as_deref(), Some("ok"));

    let mut dismiss = Box::pin(job_dismiss(&fixture.jobs, "j0"));
    assert_eq!(reply(&mut dismiss).await, None);
    assert_eq!(job.status(), JobStatus::Null);
    permits.add_permits(1);
    assert_eq!(reply(&mut dismiss).await.map(text).as_deref(), Some("ok"));
}
