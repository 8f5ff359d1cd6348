//! How far a job says it has come.

use std::time::Duration;

use super::bench::{Bench, Work, driver_fn, manual, settle};

#[tokio::test(start_paused = true)]
async fn it_grows_to_the_total() {
    let bench = Bench::new();
    let job = bench.create(manual("j0"), bench.driver(Work::Seconds(3))).start();
    assert_eq!(job.progress(), (0, 0));
    settle().await;
    let mut seen = vec![job.progress()];
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seen.push(job.progress());
    }
    assert_eq!(seen, [(0, 3), (1, 3), (2, 3), (3, 3)]);
}

#[tokio::test(start_paused = true)]
async fn the_total_moves_both_ways_and_what_is_done_does_not() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        job.set_remaining(10);
        job.advance(4);
        job.idle().await?;
        job.set_remaining(1);
        job.idle().await?;
        job.increase_remaining(5);
        job.idle().await?;
        Ok(())
    });
    let job = bench.create(manual("j0"), driver).start();
    let mut seen = Vec::new();
    for _ in 0..3 {
        settle().await;
        seen.push(job.progress());
        drop(job.pause());
    }
    assert_eq!(seen, [(4, 10), (4, 5), (4, 10)]);
}

#[tokio::test(start_paused = true)]
async fn a_query_tells_it_as_the_schema_can() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        job.advance(u64::MAX);
        Ok(())
    });
    let job = bench.create(manual("j0"), driver).start();
    settle().await;
    let info = job.info().expect("named");
    assert_eq!((info.current_progress, info.total_progress), (i64::MAX, i64::MAX));
}
