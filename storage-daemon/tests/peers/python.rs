//! Python's `qemu.qmp`, the client that QEMU's own tools and tests use.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};

use crate::disks;
use crate::support::daemon::connect;

/// A Python interpreter with `qemu.qmp`: the value of `QAPI_PEERS_PYTHON`, or `python3`. If the
/// interpreter or `qemu.qmp` is missing, the test is skipped.
fn python() -> Option<String> {
    let python = std::env::var("QAPI_PEERS_PYTHON").unwrap_or_else(|_| "python3".into());
    let probe = Command::new(&python).args(["-c", "import qemu.qmp"]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    surroundings::skip_peer(format!("{python} lacks qemu.qmp (pip install qemu.qmp)"));
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

fn text_of(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_client_runs_a_backup_and_quits() {
    let Some(python) = python() else { return };
    let mut daemon = disks::start();
    drop(connect(&daemon.socket()));
    let script =
        surroundings::package_folder(env!("CARGO_MANIFEST_DIR")).join("tests/peers/backup.py");
    let output = run(Command::new(python).arg(script).arg(daemon.socket()), "");
    assert!(output.status.success(), "{}", text_of(&output));
    assert!(disks::are_equal(&daemon));
    assert!(daemon.ended().success());
}

#[test]
fn a_client_above_the_limit_gets_an_error() {
    let Some(python) = python() else { return };
    let daemon = disks::start();
    let greeted = |stream: UnixStream| {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        line.contains("\"QMP\"").then_some(stream)
    };
    let clients: Vec<_> = std::iter::from_fn(|| greeted(connect(&daemon.socket()))).collect();
    assert_eq!(clients.len(), 64, "the server's limit");
    let script =
        surroundings::package_folder(env!("CARGO_MANIFEST_DIR")).join("tests/peers/refused.py");
    let output = run(Command::new(python).arg(script).arg(daemon.socket()), "");
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.starts_with("Failed to establish session"), "{text}");
}

#[test]
fn the_shell_executes_commands() {
    let Some(python) = python() else { return };
    let daemon = disks::start();
    drop(connect(&daemon.socket()));
    let input = "query-jobs\nblock-job-pause device=j9\nquery-version\n";
    let mut shell = Command::new(python);
    shell.args(["-m", "qemu.qmp.qmp_shell"]).arg(daemon.socket());
    // The shell writes its history to the home directory.
    let home = tempfile::tempdir().unwrap();
    let output = run(shell.env("HOME", home.path()), input);
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("Connected to QEMU 10.0.2"), "{text}");
    assert!(text.contains("{\"return\": []}"), "{text}");
    assert!(text.contains("Block job 'j9' not found"), "{text}");
    assert!(text.contains("\"package\": \"storage-daemon"), "{text}");
}
