//! The commands and the event that QEMU does not have, through a client.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use job::journal::{Journal, JournalOptions};
use job::{JobDriver, JobHandle, JobOptions, JobType, Jobs, ResultEvents, extensions};
use qapi_core::registry::registered;
use qapi_core::testing::TestClient;
use qapi_core::{Events, Registry, Server, Service, StateMap};
use serde_json::{Value, json};

/// Advances by its speed each second, up to 100, and returns the number of steps.
struct Steps;

impl JobDriver for Steps {
    async fn run(&self, job: &JobHandle) -> qapi_core::Result<()> {
        job.set_remaining(100);
        for step in 1.. {
            if job.job().progress().current == 100 {
                job.set_result(json!({"steps": step}));
                break;
            }
            job.sleep(Duration::from_secs(1)).await?;
            job.advance(job.speed().bytes_per_second());
        }
        Ok(())
    }
}

/// A client of a server with all extensions, the engine, and the folder of the journal.
async fn server() -> (TestClient, Jobs, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let journal =
        Journal::open(folder.path().join("journal"), JournalOptions::default()).unwrap();
    let events = Events::new();
    let jobs = Jobs::with_recorder(ResultEvents::new(events.clone()), journal.clone());
    let mut states = StateMap::default();
    states.insert(Arc::new(jobs.clone()));
    states.insert(Arc::new(journal));
    states.insert(Arc::new(events));
    let registry = Registry::from_registrations(
        registered()
            .chain(extensions::result_registrations())
            .chain(extensions::speed_registrations())
            .chain(extensions::history_registrations()),
    );
    let service = Service::new(registry.unwrap(), states).unwrap();
    (TestClient::negotiated(&Arc::new(service)).await, jobs, folder)
}

async fn ask(client: &mut TestClient, command: &str, arguments: Value) -> Value {
    client.ask(&json!({"execute": command, "arguments": arguments}).to_string()).await
}

fn start(jobs: &Jobs, id: &str) {
    let options = JobOptions::new(JobType::Create).id(id).speed(job::Speed::new(1));
    jobs.create(options.auto_dismiss(false), Steps, None).unwrap().start();
}

#[tokio::test(start_paused = true)]
async fn a_client_learns_the_time_left_and_changes_the_speed() {
    let (mut client, jobs, _folder) = server().await;
    start(&jobs, "j0");
    let details = |time_left: i64, speed: u64| {
        json!({"return": [
            {"id": "j0", "status": "running", "time-left": time_left, "speed": speed},
        ]})
    };
    // In the middle of a second, so that it does not matter whether the driver or the test is
    // woken first.
    tokio::time::sleep(Duration::from_millis(10_500)).await;
    let query = "__org.qapi-rs_query-job-details";
    // 10 of 100 are done in 10.5 seconds.
    assert_eq!(ask(&mut client, query, json!({})).await, details(94_500, 1));
    let speed = json!({"id": "j0", "speed": 10});
    let reply = ask(&mut client, "__org.qapi-rs_job-set-speed", speed).await;
    assert_eq!(reply, json!({"return": {}}));
    let reply = ask(&mut client, query, json!({"id": "j0"})).await;
    assert_eq!(reply["return"][0]["speed"], 10);
    ask(&mut client, "job-pause", json!({"id": "j0"})).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let reply = ask(&mut client, query, json!({"id": "j0"})).await;
    assert_eq!(reply["return"][0]["status"], "paused");
    assert_eq!(reply["return"][0].get("time-left"), None);

    for (arguments, expected) in [
        (json!({"id": "j0", "speed": -1}), "Parameter 'speed' expects a non-negative value"),
        (json!({"id": "nope", "speed": 1}), "Job not found"),
    ] {
        let reply = ask(&mut client, "__org.qapi-rs_job-set-speed", arguments).await;
        assert_eq!(reply["error"]["desc"], expected);
    }
    let reply = ask(&mut client, query, json!({"id": "nope"})).await;
    assert_eq!(reply["error"]["desc"], "Job not found");
}

#[tokio::test]
async fn a_client_receives_the_result_with_the_end_and_from_the_history() {
    let (mut client, jobs, _folder) = server().await;
    let options = JobOptions::new(JobType::Create).id("j1").speed(job::Speed::new(100));
    jobs.create(options.auto_dismiss(false), Steps, None).unwrap().start();
    for status in ["created", "running", "waiting", "pending", "concluded"] {
        assert_eq!(client.event("JOB_STATUS_CHANGE").await["status"], status);
    }
    let ended = client.event("__org.qapi-rs_JOB_ENDED").await;
    assert_eq!(ended["id"], "j1");
    assert_eq!(ended["end"], "completed");
    assert_eq!(ended["result"], json!({"steps": 2}));
    let reply = ask(&mut client, "__org.qapi-rs_query-job-details", json!({})).await;
    assert_eq!(reply["return"][0]["result"], json!({"steps": 2}));
    let reply = ask(&mut client, "query-jobs", json!({})).await;
    assert_eq!(reply["return"][0].get("result"), None, "QEMU's reply stays as it is");
    ask(&mut client, "job-dismiss", json!({"id": "j1"})).await;
    let history = |limit| json!({"limit": limit});
    let reply = ask(&mut client, "__org.qapi-rs_query-job-history", history(5)).await;
    let mut record = reply["return"][0].clone();
    // The end is a little later in the event than in the journal.
    record["ended-at"] = ended["ended-at"].clone();
    assert_eq!(record, ended);
    let reply = ask(&mut client, "__org.qapi-rs_query-job-history", history(0)).await;
    assert_eq!(reply, json!({"return": []}));
}

/// The replies of a server at a socket to these requests.
fn replies(socket: &Path, requests: &[Value]) -> Vec<Value> {
    let mut stream = UnixStream::connect(socket).unwrap();
    for request in requests {
        writeln!(stream, "{request}").unwrap();
    }
    let lines = BufReader::new(stream).lines().skip(1).take(requests.len());
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn a_server_serves_what_is_registered() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let server = Server::new();
    let jobs = Jobs::new(server.events());
    let server = server.state(jobs).register(extensions::speed_registrations());
    let server = server.listen_unix(&socket).unwrap();
    let shutdown = server.shutdown();
    let client = std::thread::spawn(move || {
        let execute = |command: &str| json!({"execute": command});
        let received = replies(
            &socket,
            &[
                execute("qmp_capabilities"),
                execute("__org.qapi-rs_job-set-speed"),
                execute("__org.qapi-rs_query-job-history"),
            ],
        );
        shutdown.request();
        received
    });
    server.serve().await.unwrap();
    let received = client.join().unwrap();
    assert_eq!(received[1]["error"]["desc"], "Parameter 'id' is missing");
    assert_eq!(received[2]["error"]["class"], "CommandNotFound");
}

#[test]
fn without_registrations_the_schema_is_that_of_qemu() {
    let registry = Registry::collect().unwrap();
    let names = registry.definitions().map(|definition| definition.name);
    let vendor: Vec<&str> = names.filter(|name| name.starts_with("__org.qapi-rs")).collect();
    assert_eq!(vendor, Vec::<&str>::new());
}
