//! `--metrics`: metrics for Prometheus.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use serde_json::json;

use crate::support::daemon::{Daemon, run, wait_for};

/// The body of the answer to a scrape, as Prometheus sends it.
fn scrape(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    Some(answer)
}

#[test]
fn prometheus_reads_the_metrics() {
    let port = {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        free.local_addr().unwrap().port()
    };
    let daemon = Daemon::start(&["--metrics", &port.to_string()]);
    let mut client = daemon.client();
    let options = json!({"driver": "file", "filename": daemon.path("new.raw"), "size": 65536});
    client.execute("blockdev-create", json!({ "job-id": "create", "options": options }));
    for expected in [
        "qmp_calls_total{command=\"blockdev-create\",outcome=\"succeeded\"} 1",
        "qmp_call_run_seconds_bucket{command=\"blockdev-create\",le=\"",
        "qmp_sessions 1",
        "qmp_events_sent_total{event=\"JOB_STATUS_CHANGE\"} ",
        "qmp_jobs{type=\"create\",status=\"concluded\"} 1",
    ] {
        wait_for(expected, || scrape(port)?.contains(expected).then_some(()));
    }
}

#[test]
fn an_address_that_cannot_be_used_is_an_error_at_the_start() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    for (argument, expected) in [
        (
            port.to_string(),
            format!(
                "--metrics {port}: Failed to listen on 127.0.0.1:{port}: Address already in use"
            ),
        ),
        (
            format!("localhost:{port}x"),
            format!("--metrics localhost:{port}x: Expected [HOST:]PORT with a known host: "),
        ),
        ("65536".to_owned(), "--metrics 65536: Expected [HOST:]PORT".to_owned()),
    ] {
        let output = run(&["--metrics", &argument, "--chardev", "stdio,id=a"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(&expected), "{errors}");
        assert_eq!(output.status.code(), Some(1));
    }
}
