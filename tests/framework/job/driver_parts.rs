//! Drivers of several concurrent parts, which pause and sleep independently.

use std::time::Duration;

use job::{CancelMode, JobStatus};

use super::fixture::{EngineFixture, driver_fn, let_tasks_run, named, text};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_driver_is_not_busy_while_one_of_its_parts_sleeps() {
    let fixture = EngineFixture::new();
    let parts = driver_fn(|job| async move {
        let other = job.clone();
        let (short, long) = tokio::join!(job.sleep(SECOND), other.sleep(5 * SECOND));
        short.and(long)?;
        tokio::time::sleep(5 * SECOND).await;
        Ok(())
    });
    let job = fixture.create(named("j0"), parts).start();
    assert!(job.is_busy(), "it is about to begin");
    let_tasks_run().await;
    assert!(!job.is_busy(), "both sleep");
    tokio::time::sleep(2 * SECOND).await;
    assert!(!job.is_busy(), "one still sleeps");
    tokio::time::sleep(4 * SECOND).await;
    assert!(job.is_busy(), "both work");
    assert_eq!(text(job.concluded().await), "ok");
    assert!(!job.is_busy(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn not_busy_waits_for_the_next_sleep_pause_or_end_of_a_driver() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        tokio::time::sleep(5 * SECOND).await;
        job.sleep(SECOND).await?;
        tokio::time::sleep(5 * SECOND).await;
        job.pause_point().await?;
        tokio::time::sleep(5 * SECOND).await;
        Ok(())
    });
    let job = fixture.create(named("j0"), driver).start();
    let start = tokio::time::Instant::now();
    job.not_busy().await;
    assert_eq!(start.elapsed(), 5 * SECOND, "it sleeps");
    tokio::time::sleep(2 * SECOND).await;
    let pause = job.pause();
    job.not_busy().await;
    assert_eq!(start.elapsed(), 11 * SECOND, "it is paused");
    drop(pause);
    job.not_busy().await;
    assert_eq!(start.elapsed(), 16 * SECOND, "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_driver_is_busy_again_after_it_drops_a_sleep() {
    let fixture = EngineFixture::new();
    let impatient = driver_fn(|job| async move {
        let _ = tokio::time::timeout(SECOND, job.entered()).await;
        tokio::time::sleep(5 * SECOND).await;
        Ok(())
    });
    let job = fixture.create(named("j0"), impatient).start();
    let_tasks_run().await;
    assert!(!job.is_busy());
    tokio::time::sleep(2 * SECOND).await;
    assert!(job.is_busy());
}

#[tokio::test(start_paused = true)]
async fn a_driver_may_drop_a_pause_point_during_a_pause() {
    let fixture = EngineFixture::new();
    let impatient = driver_fn(|job| async move {
        loop {
            if let Ok(passed) = tokio::time::timeout(SECOND, job.pause_point()).await {
                passed?;
            }
            tokio::time::sleep(SECOND).await;
        }
    });
    let job = fixture.create(named("j0"), impatient).start();
    let_tasks_run().await;
    job.user_pause().expect("running");
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(job.status(), JobStatus::Paused);
    job.user_cancel(CancelMode::Force).expect("paused");
    assert_eq!(text(job.concluded().await), "Operation canceled");
}
