//! Python's `qemu.qmp`, the client that QEMU's own tools and tests use.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::daemon::Daemon;

/// The Python that has `qemu.qmp`, if there is one: `QAPI_PEERS_PYTHON` names another than
/// `python3`. Says so if there is none, and fails if `QAPI_REQUIRE_PEERS=1` demands it.
fn python() -> Option<String> {
    let python = std::env::var("QAPI_PEERS_PYTHON").unwrap_or_else(|_| "python3".into());
    let probe = Command::new(&python).args(["-c", "import qemu.qmp"]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let required = std::env::var_os("QAPI_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{python} lacks qemu.qmp: pip install qemu.qmp");
    eprintln!("left out: {python} lacks qemu.qmp");
    None
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_client_runs_a_backup_and_quits() {
    let Some(python) = python() else { return };
    let mut daemon = Daemon::start();
    drop(daemon.connect());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/backup.py");
    let output = run(Command::new(python).arg(script).arg(&daemon.socket), "");
    assert!(output.status.success(), "{}", said(&output));
    assert!(daemon.disks_are_equal());
    assert!(daemon.ended().success());
}

#[test]
fn the_client_is_told_that_no_place_is_left() {
    let Some(python) = python() else { return };
    let mut daemon = Daemon::start();
    let greeted = |stream: UnixStream| {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        line.contains("\"QMP\"").then_some(stream)
    };
    let clients: Vec<_> = std::iter::from_fn(|| greeted(daemon.connect())).collect();
    assert_eq!(clients.len(), 64, "the server's limit");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/refused.py");
    let output = run(Command::new(python).arg(script).arg(&daemon.socket), "");
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("Failed to establish session"), "{said}");
}

#[test]
fn the_shell_asks_and_is_answered() {
    let Some(python) = python() else { return };
    let mut daemon = Daemon::start();
    drop(daemon.connect());
    let input = "query-jobs\nblock-job-pause device=j9\nquery-version\n";
    let mut shell = Command::new(python);
    shell.args(["-m", "qemu.qmp.qmp_shell"]).arg(&daemon.socket);
    // It keeps a history in the home directory, where nothing of ours should be left.
    let home = tempfile::tempdir().unwrap();
    let output = run(shell.env("HOME", home.path()), input);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Connected to QEMU 10.0.2"), "{said}");
    assert!(said.contains("{\"return\": []}"), "{said}");
    assert!(said.contains("Block job 'j9' not found"), "{said}");
    assert!(said.contains("\"package\": \"storage-daemon"), "{said}");
}
