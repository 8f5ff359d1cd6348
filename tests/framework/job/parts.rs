//! Drivers of several parts, which rest and wait side by side.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use job::{JobDriver, JobHandle, JobStatus};
use qapi_core::Result;

use super::bench::{Bench, driver_fn, named, settle, text};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_driver_is_not_busy_while_one_of_its_parts_sleeps() {
    let bench = Bench::new();
    let parts = driver_fn(|job| async move {
        let other = job.clone();
        let (short, long) = tokio::join!(job.sleep(SECOND), other.sleep(5 * SECOND));
        short.and(long)?;
        tokio::time::sleep(5 * SECOND).await;
        Ok(())
    });
    let job = bench.create(named("j0"), parts).start();
    assert!(job.is_busy(), "it is about to begin");
    settle().await;
    assert!(!job.is_busy(), "both sleep");
    tokio::time::sleep(2 * SECOND).await;
    assert!(!job.is_busy(), "one still sleeps");
    tokio::time::sleep(4 * SECOND).await;
    assert!(job.is_busy(), "both work");
    assert_eq!(text(job.concluded().await), "ok");
    assert!(!job.is_busy(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_until_a_driver_is_not_busy_waits_for_its_next_sleep_rest_or_end() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        tokio::time::sleep(5 * SECOND).await;
        job.sleep(SECOND).await?;
        tokio::time::sleep(5 * SECOND).await;
        job.pause_point().await?;
        tokio::time::sleep(5 * SECOND).await;
        Ok(())
    });
    let job = bench.create(named("j0"), driver).start();
    let start = tokio::time::Instant::now();
    job.not_busy().await;
    assert_eq!(start.elapsed(), 5 * SECOND, "it sleeps");
    tokio::time::sleep(2 * SECOND).await;
    let pause = job.pause();
    job.not_busy().await;
    assert_eq!(start.elapsed(), 11 * SECOND, "it rests");
    drop(pause);
    job.not_busy().await;
    assert_eq!(start.elapsed(), 16 * SECOND, "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_sleep_given_up_makes_the_driver_busy_again() {
    let bench = Bench::new();
    let impatient = driver_fn(|job| async move {
        let _ = tokio::time::timeout(SECOND, job.idle()).await;
        tokio::time::sleep(5 * SECOND).await;
        Ok(())
    });
    let job = bench.create(named("j0"), impatient).start();
    settle().await;
    assert!(!job.is_busy());
    tokio::time::sleep(2 * SECOND).await;
    assert!(job.is_busy());
}

/// Rests for a second at most whenever it is to rest, and counts its hooks.
#[derive(Default)]
struct Impatient {
    pauses: AtomicU32,
    resumes: AtomicU32,
}

impl JobDriver for Impatient {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        loop {
            if let Ok(passed) = tokio::time::timeout(SECOND, job.pause_point()).await {
                passed?;
            }
            tokio::time::sleep(SECOND).await;
        }
    }

    fn pause(&self, _: &JobHandle) {
        self.pauses.fetch_add(1, Ordering::SeqCst);
    }

    fn resume(&self, _: &JobHandle) {
        self.resumes.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn each_pause_is_resumed_even_if_nobody_waits_for_its_end() {
    let bench = Bench::new();
    let job = bench.create(named("j0"), Impatient::default()).start();
    let driver = job.driver::<Impatient>().expect("it is one");
    settle().await;
    job.user_pause().expect("running");
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(job.status(), JobStatus::Paused);
    job.user_cancel(true).expect("paused");
    assert_eq!(text(job.concluded().await), "Operation canceled");
    let pauses = driver.pauses.load(Ordering::SeqCst);
    assert!(pauses > 1, "it gave up {pauses} times");
    assert_eq!(driver.resumes.load(Ordering::SeqCst), pauses);
}
