//! What operators use: the log and the journal of jobs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::thread;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use crate::support::daemon::{Client, Daemon, command, run, wait_for};

/// The log of a daemon that ends by `quit`, after `work`.
fn log_of(arguments: &[&str], work: impl FnOnce(&mut Client)) -> String {
    let mut daemon = Daemon::start(&[arguments, &["--log-file", "$DIR/log"]].concat());
    let mut client = daemon.client();
    work(&mut client);
    client.execute("quit", json!({}));
    daemon.ended();
    fs::read_to_string(daemon.path("log")).unwrap()
}

/// The line that contains all of `parts`, if there is one.
fn line<'a>(log: &'a str, parts: &[&str]) -> Option<&'a str> {
    log.lines().find(|line| parts.iter().all(|part| line.contains(part)))
}

#[test]
fn commands_are_audited() {
    let log = log_of(&["--audit", "--log-except", "query-*"], |client| {
        client.execute("query-jobs", json!({}));
        client.refused("job-pause", json!({"id": "j0"}));
        client.refused("jobs-pause", json!({"id": "j0"}));
    });
    let uid = format!("uid={}", rustix::process::getuid().as_raw());
    let pid = format!("pid={}", std::process::id());
    let command = r#"command="job-pause""#;
    let found = line(&log, &[command, "outcome=failed (GenericError)", &uid, &pid, "qmp.sock"]);
    assert!(found.is_some_and(|line| line.starts_with("20")), "no line with a time: {log}");
    assert!(line(&log, &[r#"command="jobs-pause""#, "rejected (CommandNotFound)"]).is_some());
    assert_eq!(line(&log, &["query-jobs"]), None, "left out by --log-except");
}

#[test]
fn messages_and_calls_are_logged_when_asked() {
    let log = log_of(&["--log-traffic"], |client| drop(client.execute("query-jobs", json!({}))));
    assert!(
        line(&log, &["qapi_core::traffic", r#"{"execute": "query-jobs""#]).is_some(),
        "{log}"
    );
    assert!(line(&log, &["qapi_core::traffic", r#"{"return": []}"#]).is_some(), "{log}");
    assert_eq!(line(&log, &["qapi_core::audit"]), None);

    let log = log_of(&["--log-calls", "--slow-calls", "0"], |client| {
        client.execute("query-commands", json!({}));
    });
    assert!(line(&log, &["WARN", r#"command="query-commands""#, "occupied"]).is_some(), "{log}");
}

#[test]
fn a_reader_of_the_log_that_stops_does_not_stop_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("log");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
    // The opening for both directions does not wait for the daemon.
    let reader = File::options().read(true).write(true).open(&pipe).unwrap();
    let daemon = Daemon::start_in(folder, &["--audit", "--log-file", "$DIR/log"]);
    let mut client = daemon.client();
    // More lines than the pipe and the queue hold.
    for _ in 0..3000 {
        client.execute("query-jobs", json!({}));
    }
    let reading = thread::spawn(move || {
        let lines = BufReader::new(reader).lines().map(Result::unwrap);
        lines.take_while(|line| !line.contains("lines of the log were lost")).count()
    });
    wait_for("the report of lost lines", || {
        client.execute("query-jobs", json!({}));
        reading.is_finished().then_some(())
    });
    let read = reading.join().unwrap();
    assert!(read < 3000, "{read} lines were read before the report");
}

#[test]
fn a_filter_selects_the_lines() {
    let quiet = log_of(&["--slow-calls", "0", "--log", "error"], |_| {});
    assert_eq!(quiet, "");
    let audit = log_of(&["--audit", "--log", "off,qapi_core::traffic=info"], |_| {});
    assert!(line(&audit, &[r#"command="quit""#]).is_some(), "{audit}");
}

#[test]
fn options_of_the_log_are_checked_at_the_start() {
    let long = "q".repeat(300);
    for (arguments, expected) in [
        (["--log", "loud=very"], "--log loud=very: Expected LEVEL or TARGET=LEVEL: "),
        (["--log-file", "/does/not/exist"], "--log-file /does/not/exist: No such file"),
        (["--slow-calls", "1s"], "--slow-calls 1s: Parameter 'slow-calls' expects a number"),
        (["--log-except", long.as_str()], "--log-except qqq"),
    ] {
        let output = run(&arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.starts_with(&format!("storage-daemon: {expected}")), "{errors}");
        assert_eq!(output.status.code(), Some(1));
    }
}

/// Creates an image by a job, which ends and is dismissed.
fn run_job(client: &mut Client, id: &str, path: &Path) {
    let options = json!({"driver": "file", "filename": path, "size": 65536});
    client.execute("blockdev-create", json!({"job-id": id, "options": options}));
    client.wait_for_job(id, "concluded");
    client.execute("job-dismiss", json!({"id": id}));
}

/// The identifiers, ends and errors of jobs that ended, the newest first.
fn history(client: &mut Client) -> Vec<(String, String, Option<String>)> {
    let records = client.execute("__org.qapi-rs_query-job-history", json!({}));
    let text = |record: &Value, name: &str| record[name].as_str().map(str::to_owned);
    let row = |record: &Value| {
        let part = |name| text(record, name);
        (part("id").unwrap(), part("end").unwrap(), part("error"))
    };
    records.as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_ends_of_jobs_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("jobs.redb").display().to_string();
    let arguments = ["--journal", journal.as_str()];
    let daemon = Daemon::start(&arguments);
    let mut client = daemon.client();
    run_job(&mut client, "good", &daemon.path("new.raw"));
    run_job(&mut client, "bad", &daemon.path("missing/new.raw"));
    let before = history(&mut client);
    assert_eq!(before.len(), 2);
    assert_eq!((before[1].0.as_str(), before[1].1.as_str()), ("good", "completed"));
    let error = before[0].2.as_deref().unwrap();
    assert_eq!((before[0].0.as_str(), before[0].1.as_str()), ("bad", "failed"));
    assert!(error.contains("No such file or directory"), "{error}");
    // The drop of a daemon kills it.
    drop((daemon, client));

    let daemon = Daemon::start(&arguments);
    let mut client = daemon.client();
    assert_eq!(history(&mut client), before);
    let second = run(&["--journal", &journal, "--chardev", "stdio,id=a"]);
    let errors = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(errors.contains("is in use"), "{errors}");
}

#[test]
fn without_a_journal_the_schema_is_that_of_qemu() {
    let daemon = Daemon::start(&[]);
    let text = daemon.client().refused("__org.qapi-rs_query-job-history", json!({}));
    assert_eq!(text, "The command __org.qapi-rs_query-job-history has not been found");
}

#[test]
fn a_damaged_journal_is_moved_aside_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("jobs"), [0x5a; 4096]).unwrap();
    let mut daemon = Daemon::start_in(
        folder,
        &["--journal", "$DIR/jobs", "--log", "error", "--log-file", "$DIR/log"],
    );
    let mut client = daemon.client();
    assert_eq!(history(&mut client), []);
    run_job(&mut client, "new", &daemon.path("new.raw"));
    assert_eq!(history(&mut client).len(), 1);
    client.execute("quit", json!({}));
    daemon.ended();
    assert_eq!(fs::read(daemon.path("jobs.damaged1")).unwrap(), [0x5a; 4096]);
    let log = fs::read_to_string(daemon.path("log")).unwrap();
    assert!(line(&log, &["ERROR", "is damaged and has been moved", "jobs.damaged1"]).is_some());
}

#[test]
fn a_full_disk_at_the_start_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs").display().to_string();
    // A limit on the size of files has the effect of a full disk.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]).arg(command().get_program());
    let output = shell.args(["--journal", &path, "--chardev", "stdio,id=a"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let expected = format!("storage-daemon: --journal {path}: the journal '{path}': File too");
    assert!(errors.starts_with(&expected), "{errors}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_folder_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let output = run(&["--journal", &path, "--chardev", "stdio,id=a"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    let expected =
        format!("storage-daemon: --journal {path}: the journal '{path}': not a regular");
    assert!(errors.starts_with(&expected), "{errors}");
    assert_eq!(errors.matches("not a regular file").count(), 1, "{errors}");
}
