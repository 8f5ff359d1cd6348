//! Rate limits and sleeps. The clock is paused, so that all times are exact.

use std::time::Duration;

use job::{Job, JobHandle, Speed};
use qapi_core::Result;
use tokio::time::Instant;

use super::fixture::{EngineFixture, driver_fn, let_tasks_run, manual, text};

/// Copies eight pieces of 1000 bytes each at 1000 bytes a second.
fn copying_job(fixture: &EngineFixture) -> Job {
    fixture.create(manual("j0").speed(Speed::new(1000)), driver_fn(copy)).start()
}

async fn copy(job: JobHandle) -> Result<()> {
    job.set_remaining(8000);
    for _ in 0..8 {
        job.throttle(1000).await?;
        job.advance(1000);
    }
    Ok(())
}

/// The work done after this number of further seconds.
async fn done_after(job: &Job, seconds: u64) -> u64 {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    job.progress().current
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_at_its_speed() {
    let fixture = EngineFixture::new();
    let job = copying_job(&fixture);
    let_tasks_run().await;
    assert_eq!(job.progress().current, 1000);
    assert_eq!(done_after(&job, 1).await, 2000);
    assert_eq!(done_after(&job, 4).await, 6000);
}

#[tokio::test(start_paused = true)]
async fn a_job_does_not_catch_up_after_a_pause() {
    let fixture = EngineFixture::new();
    let job = copying_job(&fixture);
    let_tasks_run().await;
    job.user_pause().expect("running");
    assert_eq!(done_after(&job, 3600).await, 1000);
    job.user_resume().expect("paused");
    let_tasks_run().await;
    assert_eq!(job.progress().current, 2000);
    assert_eq!(done_after(&job, 2).await, 4000);
}

#[tokio::test(start_paused = true)]
async fn a_higher_speed_wakes_a_sleeping_job() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        job.throttle(1000).await?;
        copy(job).await
    });
    let job = fixture.create(manual("j0").speed(Speed::new(1)), driver).start();
    assert_eq!(done_after(&job, 10).await, 0);
    job.set_speed(Speed::new(1_000_000)).expect("running");
    assert_eq!(done_after(&job, 1).await, 8000);
    assert_eq!(job.speed(), Speed::new(1_000_000));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_limit_wakes_a_sleeping_job() {
    let fixture = EngineFixture::new();
    let job = fixture.create(manual("j0").speed(Speed::new(1)), driver_fn(copy)).start();
    assert_eq!(done_after(&job, 10).await, 1000);
    job.set_speed(Speed::new(0)).expect("running");
    let_tasks_run().await;
    assert_eq!(job.progress().current, 8000);
}

#[tokio::test(start_paused = true)]
async fn a_lower_speed_takes_effect_at_once() {
    let fixture = EngineFixture::new();
    let job = copying_job(&fixture);
    let_tasks_run().await;
    job.set_speed(Speed::new(100)).expect("running");
    assert_eq!(done_after(&job, 5).await, 1000);
    assert_eq!(done_after(&job, 6).await, 2000);
}

#[tokio::test(start_paused = true)]
async fn several_parts_share_one_limit() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        let (first, second) = tokio::join!(copy(job.clone()), copy(job.clone()));
        first.and(second)
    });
    let job = fixture.create(manual("j0").speed(Speed::new(1000)), driver).start();
    let_tasks_run().await;
    assert_eq!(job.progress().current, 1000);
    assert_eq!(done_after(&job, 3).await, 4000);
}

#[test]
fn a_negative_speed_is_refused() {
    let expected = "Parameter 'speed' expects a non-negative value";
    for speed in [-1, i64::MIN] {
        assert_eq!(text(Speed::try_from(speed).map(drop)), expected);
    }
}

#[test]
fn a_speed_is_an_int_of_the_schema() {
    for speed in [0, 1, i64::MAX] {
        assert_eq!(Speed::try_from(speed).map(i64::from), Ok(speed));
    }
    assert_eq!(i64::from(Speed::new(u64::MAX)), i64::MAX);
    assert_eq!(Speed::default(), Speed::UNLIMITED);
}

#[tokio::test(start_paused = true)]
async fn a_sleep_ends_on_time_and_is_cut_short_by_a_wake_up() {
    let fixture = EngineFixture::new();
    let log = fixture.log.clone();
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
    let job = fixture.create(manual("j0"), driver).start();
    tokio::time::sleep(Duration::from_secs(61)).await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    drop(job.pause());
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running 60 10 waiting pending");
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_before_the_sleep_is_not_lost() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        job.enter();
        job.entered().await?;
        Ok(())
    });
    let job = fixture.create(manual("j0").auto_finalize(true), driver).start();
    let_tasks_run().await;
    assert_eq!(text(job.concluded().await), "ok");
}
