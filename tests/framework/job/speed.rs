//! Rate limits, and sleeping in general. The clock is paused, so every figure is exact.

use std::time::Duration;

use job::{Job, JobHandle};
use qapi_core::Result;
use tokio::time::Instant;

use super::bench::{Bench, driver_fn, manual, settle, text};

/// Copies eight pieces of 1000 bytes each at 1000 bytes a second.
fn copying_job(bench: &Bench) -> Job {
    bench.create(manual("j0").speed(1000), driver_fn(copy)).start()
}

async fn copy(job: JobHandle) -> Result<()> {
    job.set_remaining(8000);
    for _ in 0..8 {
        job.throttle(1000).await?;
        job.advance(1000);
    }
    Ok(())
}

/// How much is done after so many seconds more.
async fn done_after(job: &Job, seconds: u64) -> u64 {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    job.progress().0
}

#[tokio::test(start_paused = true)]
async fn a_job_keeps_to_its_speed() {
    let bench = Bench::new();
    let job = copying_job(&bench);
    settle().await;
    assert_eq!(job.progress().0, 1000);
    assert_eq!(done_after(&job, 1).await, 2000);
    assert_eq!(done_after(&job, 4).await, 6000);
}

#[tokio::test(start_paused = true)]
async fn a_job_does_not_catch_up_after_a_pause() {
    let bench = Bench::new();
    let job = copying_job(&bench);
    settle().await;
    job.user_pause().expect("running");
    assert_eq!(done_after(&job, 3600).await, 1000);
    job.user_resume().expect("paused");
    settle().await;
    assert_eq!(job.progress().0, 2000);
    assert_eq!(done_after(&job, 2).await, 4000);
}

#[tokio::test(start_paused = true)]
async fn a_higher_speed_wakes_a_sleeping_job() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        job.throttle(1000).await?;
        copy(job).await
    });
    let job = bench.create(manual("j0").speed(1), driver).start();
    assert_eq!(done_after(&job, 10).await, 0);
    job.set_speed(1_000_000).expect("running");
    assert_eq!(done_after(&job, 1).await, 8000);
    assert_eq!(job.speed(), 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn no_limit_wakes_a_sleeping_job() {
    let bench = Bench::new();
    let job = bench.create(manual("j0").speed(1), driver_fn(copy)).start();
    assert_eq!(done_after(&job, 10).await, 1000);
    job.set_speed(0).expect("running");
    settle().await;
    assert_eq!(job.progress().0, 8000);
}

#[tokio::test(start_paused = true)]
async fn a_lower_speed_counts_from_now_on() {
    let bench = Bench::new();
    let job = copying_job(&bench);
    settle().await;
    job.set_speed(100).expect("running");
    assert_eq!(done_after(&job, 5).await, 1000);
    assert_eq!(done_after(&job, 6).await, 2000);
}

#[tokio::test(start_paused = true)]
async fn several_parts_share_one_limit() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        let (first, second) = tokio::join!(copy(job.clone()), copy(job.clone()));
        first.and(second)
    });
    let job = bench.create(manual("j0").speed(1000), driver).start();
    settle().await;
    assert_eq!(job.progress().0, 1000);
    assert_eq!(done_after(&job, 3).await, 4000);
}

#[tokio::test(start_paused = true)]
async fn a_negative_speed_is_refused() {
    let bench = Bench::new();
    let expected = "Parameter 'speed' expects a non-negative value";
    let made = bench.jobs.create(manual("j0").speed(-1), driver_fn(copy), None);
    assert_eq!(text(made.map(drop)), expected);
    assert_eq!(bench.log.take_of("j0"), "created null");

    let job = copying_job(&bench);
    assert_eq!(text(job.set_speed(-1)), expected);
    assert_eq!(job.speed(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_sleep_ends_on_time_and_is_cut_short_by_a_wake_up() {
    let bench = Bench::new();
    let log = bench.log.clone();
    let driver = driver_fn(move |job| {
        let log = log.clone();
        async move {
            for _ in 0..2 {
                let start = Instant::now();
                job.sleep(Duration::from_secs(60)).await?;
                log.write(job.id(), start.elapsed().as_secs().to_string());
            }
            Ok(())
        }
    });
    let job = bench.create(manual("j0"), driver).start();
    tokio::time::sleep(Duration::from_secs(61)).await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    drop(job.pause());
    settle().await;
    assert_eq!(bench.log.take_of("j0"), "created running 60 10 waiting pending");
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_before_the_sleep_is_not_lost() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        job.enter();
        job.idle().await?;
        Ok(())
    });
    let job = bench.create(manual("j0").auto_finalize(true), driver).start();
    settle().await;
    assert_eq!(text(job.concluded().await), "ok");
}
