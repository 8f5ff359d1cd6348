//! A client runs a job of the added kind.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::sync::Arc;

use job::{JobType, Jobs};
use line_count::LineCountJobType;
use qapi_core::StateMap;
use qapi_core::testing::TestClient;
use qapi_core::{Events, Registry, Service};
use serde_json::{Value, json};

/// A client of a server with an engine for jobs.
async fn client() -> TestClient {
    let events = Events::new();
    let mut states = StateMap::default();
    states.insert(Arc::new(Jobs::new(events.clone())));
    states.insert(Arc::new(events));
    let service = Service::new(Registry::collect().unwrap(), states).unwrap();
    TestClient::negotiated(&Arc::new(service)).await
}

async fn execute(client: &mut TestClient, command: &str, arguments: Value) -> Value {
    client.ask(&json!({ "execute": command, "arguments": arguments }).to_string()).await
}

#[tokio::test]
async fn the_job_counts_lines_and_is_listed_with_its_kind() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "one\ntwo\nthree\nrest").unwrap();
    let mut client = client().await;
    let arguments = json!({ "job-id": "j0", "filename": file.path() });
    assert_eq!(execute(&mut client, "line-count", arguments).await, json!({ "return": {} }));
    for status in ["created", "running", "waiting", "pending", "concluded"] {
        if status == "waiting" {
            let data = client.event("LINE_COUNT_COMPLETED").await;
            assert_eq!(data, json!({ "id": "j0", "lines": 3 }));
        }
        let data = client.event("JOB_STATUS_CHANGE").await;
        assert_eq!(data, json!({ "id": "j0", "status": status }));
    }

    let jobs = execute(&mut client, "query-jobs", json!({})).await;
    let shown = &jobs["return"][0];
    assert_eq!(shown["type"], "__org.example_line-count");
    assert_eq!((&shown["current-progress"], &shown["total-progress"]), (&json!(18), &json!(18)));
    let dismissed = execute(&mut client, "job-dismiss", json!({ "id": "j0" })).await;
    assert_eq!(dismissed, json!({ "return": {} }));
}

#[tokio::test]
async fn a_missing_file_is_an_error_of_the_command() {
    let mut client = client().await;
    let arguments = json!({ "job-id": "j0", "filename": "/nowhere/at/all" });
    let refused = execute(&mut client, "line-count", arguments).await;
    let text = refused["error"]["desc"].as_str().unwrap().to_owned();
    assert!(text.starts_with("Could not open '/nowhere/at/all': "), "{text}");
}

#[tokio::test]
async fn introspection_shows_the_kind_beside_those_of_qemu() {
    let mut client = client().await;
    let schema = execute(&mut client, "query-qmp-schema", json!({})).await;
    let is_job_type = |info: &&Value| {
        info["values"].as_array().is_some_and(|values| values.contains(&json!("mirror")))
    };
    let job_type = schema["return"].as_array().unwrap().iter().find(is_job_type).unwrap();
    let values: Vec<_> = job_type["values"].as_array().unwrap().iter().collect();
    assert_eq!(values.len(), JobType::ALL.len() + 1);
    assert_eq!(values[9], "__org.example_line-count");
}

#[test]
fn the_kind_converts_into_a_job_type_and_back() {
    let job_type = JobType::from(LineCountJobType::LineCount);
    assert_eq!(LineCountJobType::try_from(job_type), Ok(LineCountJobType::LineCount));
    assert_eq!(LineCountJobType::try_from(JobType::Backup), Err(JobType::Backup));
}
