//! Commands that end a job are answered when what its end disturbed is in order again.

use std::sync::Arc;
use std::time::Duration;

use job::qmp::{job_dismiss, job_finalize};
use job::{JobDriver, JobHandle, JobStatus};
use qapi_core::Result;
use tokio::sync::Semaphore;

use super::bench::{Bench, Work, manual, settle, text};

/// Ends at once, and is in order again as often as the semaphore allows.
struct Disturbs {
    order: Arc<Semaphore>,
}

impl JobDriver for Disturbs {
    async fn run(&self, _: &JobHandle) -> Result<()> {
        Ok(())
    }

    async fn settle(&self, job: &JobHandle) {
        assert_eq!(job.id(), Some("j0"));
        self.order.acquire().await.expect("it stays open").forget();
    }
}

/// Whether `command` is answered now.
async fn is_answered<T>(command: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(1), command).await.ok()
}

#[tokio::test(start_paused = true)]
async fn settled_waits_for_the_driver() {
    let bench = Bench::new();
    let order = Arc::new(Semaphore::new(0));
    let job = bench.create(manual("j0"), Disturbs { order: Arc::clone(&order) }).start();
    settle().await;
    let mut settled = Box::pin(job.settled());
    assert_eq!(is_answered(&mut settled).await, None);
    order.add_permits(1);
    assert_eq!(is_answered(&mut settled).await, Some(()));
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_disturbs_nothing_is_settled_at_once() {
    let bench = Bench::new();
    let job = bench.start("j0", Work::Finish);
    assert_eq!(is_answered(&mut Box::pin(job.settled())).await, Some(()));
}

#[tokio::test(start_paused = true)]
async fn finalize_and_dismiss_are_answered_when_the_job_is_settled() {
    let bench = Bench::new();
    let order = Arc::new(Semaphore::new(0));
    let job = bench.create(manual("j0"), Disturbs { order: Arc::clone(&order) }).start();
    settle().await;

    let mut finalize = Box::pin(job_finalize(&bench.jobs, "j0"));
    assert_eq!(is_answered(&mut finalize).await, None);
    assert_eq!(job.status(), JobStatus::Concluded);
    order.add_permits(1);
    assert_eq!(is_answered(&mut finalize).await.map(text).as_deref(), Some("ok"));

    let mut dismiss = Box::pin(job_dismiss(&bench.jobs, "j0"));
    assert_eq!(is_answered(&mut dismiss).await, None);
    assert_eq!(job.status(), JobStatus::Null);
    order.add_permits(1);
    assert_eq!(is_answered(&mut dismiss).await.map(text).as_deref(), Some("ok"));
}
