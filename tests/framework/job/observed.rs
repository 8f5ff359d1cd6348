//! Metrics of jobs, and the last events of a job.

use job::{JobMetrics, Jobs};
use qapi_core::prelude::*;

use super::fixture::{EngineFixture, Work, named};
use crate::server::fixture::{Client, Running};
use crate::support::metrics::Values;

#[test]
fn jobs_are_counted_by_type_and_status() {
    let values = Values::default();
    let _guard = metrics::set_default_local_recorder(&values);
    let engine = EngineFixture::new();
    let metrics = JobMetrics::new(engine.jobs.clone());
    let created = engine.create(named("j0"), engine.driver(Work::Finish));
    metrics.record();
    let name = "qmp_jobs{type=backup,status=created}";
    assert_eq!(values.get(name), Some(1));
    drop(created);
    metrics.record();
    assert_eq!(values.get(name), Some(0));
}

/// The progress of a job.
#[qapi_event(rate_limit = "10s", key = "id")]
struct ObservedProgress {
    id: String,
    percent: i64,
}

#[tokio::test]
async fn the_last_progress_of_a_job_precedes_its_end() {
    let server = Running::start();
    let mut client = Client::negotiated(&server.path).await;
    let jobs = Jobs::new(server.events.clone());
    let driver = EngineFixture::new().driver(Work::Finish);
    let created = jobs.create(named("j0"), driver, None).unwrap();
    for percent in [1, 2, 3] {
        server.events.emit(&ObservedProgress { id: "j0".to_owned(), percent });
    }
    drop(created);
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "null") {
        let event = client.message().await.unwrap();
        let shown = event["data"].get("status").or(event["data"].get("percent")).unwrap();
        seen.push(shown.as_str().map_or(shown.to_string(), str::to_owned));
    }
    assert_eq!(seen, ["created", "1", "3", "null"]);
}
