//! The progress that a job reports.

use std::time::Duration;

use job::Job;

use super::fixture::{EngineFixture, Work, driver_fn, let_tasks_run, manual};

fn counts(job: &Job) -> (u64, u64) {
    let progress = job.progress();
    (progress.current, progress.total)
}

#[tokio::test(start_paused = true)]
async fn progress_grows_to_the_total() {
    let fixture = EngineFixture::new();
    let job = fixture.create(manual("j0"), fixture.driver(Work::Seconds(3))).start();
    assert_eq!(counts(&job), (0, 0));
    let_tasks_run().await;
    let mut seen = vec![counts(&job)];
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seen.push(counts(&job));
    }
    assert_eq!(seen, [(0, 3), (1, 3), (2, 3), (3, 3)]);
}

#[tokio::test(start_paused = true)]
async fn the_total_changes_in_both_directions_and_the_work_done_stays() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        job.set_remaining(10);
        job.advance(4);
        job.entered().await?;
        job.set_remaining(1);
        job.entered().await?;
        job.increase_remaining(5);
        job.entered().await?;
        Ok(())
    });
    let job = fixture.create(manual("j0"), driver).start();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let_tasks_run().await;
        seen.push(counts(&job));
        drop(job.pause());
    }
    assert_eq!(seen, [(4, 10), (4, 5), (4, 10)]);
}

#[tokio::test(start_paused = true)]
async fn a_query_is_limited_to_the_range_of_the_schema() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        job.advance(u64::MAX);
        Ok(())
    });
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    let info = job.info().expect("named");
    assert_eq!((info.current_progress, info.total_progress), (i64::MAX, i64::MAX));
}
