//! Tests of the program with clients that connect to its sockets.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use host_agent_client::*;
use job::client::{JobEnd, wait_for_job};
use job::extensions::query_job_history;
use qapi_core::client::Client;
use qapi_core::commands::control;
use serde_json::json;
use tokio::process::{Child, Command};

/// Starts the program, and connects a client to the socket for administrators.
async fn start(folder: &Path, metrics_port: u16) -> (Child, Client) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_host-agent"));
    program.arg(folder).arg(metrics_port.to_string()).stderr(Stdio::piped()).kill_on_drop(true);
    let agent = program.spawn().unwrap();
    let socket = folder.join("admin.sock");
    (agent, Client::connect_unix_within(socket, Duration::from_secs(30)).await.unwrap())
}

/// Ends the program, and returns its log.
async fn quit(agent: Child, mut admin: Client) -> String {
    admin.execute(&control::quit {}).await.unwrap();
    let output = agent.wait_with_output().await.unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn jobs_are_audited_measured_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (agent, mut admin) = start(folder.path(), port).await;
    admin.check_schema(&declarations()).await.unwrap();
    let package = concat!("host-agent ", env!("CARGO_PKG_VERSION"));
    assert_eq!(admin.greeting()["version"]["package"], package);
    let path = folder.path().to_str().unwrap();
    admin.execute(&folder_measure { job_id: "m0", folder: path }).await.unwrap();
    assert_eq!(wait_for_job(&mut admin, "m0").await.unwrap(), JobEnd::Completed);
    // A server for Prometheus asks thus.
    let mut scraper = TcpStream::connect(("127.0.0.1", port)).unwrap();
    scraper.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let metric = r#"qmp_calls_total{command="folder-measure",outcome="succeeded"} 1"#;
    assert!(std::io::read_to_string(scraper).unwrap().contains(metric));
    let log = quit(agent, admin).await;
    assert!(log.contains(r#"command="folder-measure" outcome=succeeded"#), "{log}");

    let (agent, mut admin) = start(folder.path(), port).await;
    let history = admin.execute(&query_job_history::default()).await.unwrap();
    assert_eq!((history[0].id.as_str(), history[0].result.is_some()), ("m0", true));
    quit(agent, admin).await;
}

#[tokio::test]
async fn the_socket_of_monitors_only_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (agent, mut admin) = start(folder.path(), 0).await;
    let mut monitor = Client::connect_unix(folder.path().join("monitor.sock")).await.unwrap();
    let label = label_set { name: "zone", value: "a" };
    let refused = monitor.execute(&label).await.unwrap_err();
    assert_eq!(refused.command().unwrap().desc(), "The command label-set has not been found");
    admin.execute(&label).await.unwrap();
    assert_eq!(monitor.next::<LabelChanged>().await.unwrap().name, "zone");
    assert_eq!(monitor.execute(&query_labels {}).await.unwrap().len(), 1);
    admin.call::<()>("disks-sync").await.unwrap();
    let arguments = json!({"text": "disks are in order"});
    admin.call_with::<()>("log-message", &arguments).await.unwrap();
    assert!(quit(agent, admin).await.contains("disks are in order"));
}
