//! Jobs as a client sees them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use job::client::{JobEnd, progress, wait_for_job};
use job::{JobOptions, Jobs};
use qapi_core::client::Client;
use qapi_core::{Events, Service, StateMap, testing};

use super::fixture::{EngineFixture, Work, let_tasks_run, named};
use crate::support::registry::registry_of;

/// An engine, and a client of its server.
async fn engine() -> (Jobs, Client) {
    let events = Events::new();
    let jobs = Jobs::new(events.clone());
    let mut states = StateMap::default();
    states.insert(Arc::new(jobs.clone()));
    states.insert(Arc::new(events));
    let service = Service::new(registry_of("job::"), states).unwrap();
    (jobs, Client::over(testing::connect(&Arc::new(service))).await.unwrap())
}

fn start(jobs: &Jobs, options: JobOptions, work: Work) {
    let driver = EngineFixture::new().driver(work);
    jobs.create(options, driver, None).unwrap().start();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_job_is_seen() {
    let (jobs, mut client) = engine().await;
    start(&jobs, named("short"), Work::Seconds(1));
    start(&jobs, named("long"), Work::Seconds(60));
    assert_eq!(wait_for_job(&mut client, "long").await.unwrap(), JobEnd::Completed);
    // The end of the other job is in the queue.
    assert_eq!(wait_for_job(&mut client, "short").await.unwrap(), JobEnd::Completed);
    assert_eq!(wait_for_job(&mut client, "short").await.unwrap(), JobEnd::Gone);
}

#[tokio::test(start_paused = true)]
async fn a_failure_has_a_reason_if_the_job_is_in_the_list() {
    let (jobs, mut client) = engine().await;
    start(&jobs, named("listed").auto_dismiss(false), Work::Fail("no space"));
    let failed = wait_for_job(&mut client, "listed").await.unwrap();
    assert_eq!(failed, JobEnd::Failed(Some("no space".to_owned())));
    start(&jobs, named("dismissed"), Work::Fail("no space"));
    let_tasks_run().await;
    assert_eq!(wait_for_job(&mut client, "dismissed").await.unwrap(), JobEnd::Failed(None));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_was_dropped_is_repeated() {
    let (jobs, mut client) = engine().await;
    start(&jobs, named("long"), Work::Seconds(60));
    let wait = tokio::time::timeout(Duration::from_secs(10), wait_for_job(&mut client, "long"));
    assert!(wait.await.is_err());
    assert_eq!(wait_for_job(&mut client, "long").await.unwrap(), JobEnd::Completed);
}

#[tokio::test(start_paused = true)]
async fn progress_is_a_stream_that_ends_with_the_job() {
    let (jobs, mut client) = engine().await;
    start(&jobs, named("j0").auto_dismiss(false), Work::Seconds(3));
    let_tasks_run().await;
    let mut seen = Vec::new();
    let mut stream = pin!(progress(&mut client, "j0", Duration::from_secs(1)));
    while let Some(job) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        let job = job.unwrap();
        seen.push((job.current_progress, job.status.as_str()));
    }
    assert_eq!(seen.first(), Some(&(0, "running")));
    assert_eq!(seen.last(), Some(&(3, "concluded")));
    assert!(seen.is_sorted_by_key(|(progress, _)| progress), "{seen:?}");
    for progress in [1, 2] {
        assert!(seen.contains(&(progress, "running")), "{seen:?}");
    }
}
