//! The daemon as a process: start, signals, end, sockets and the PID file.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::daemon::{Client, Daemon, command, run, socket_arguments, wait_for};

/// Nodes `a` and `b`, for a slow backup.
const DISKS: [&str; 4] = [
    "--blockdev",
    "driver=null-co,node-name=a,size=67108864",
    "--blockdev",
    "driver=null-co,node-name=b,size=67108864",
];

fn start_backup(client: &mut Client) {
    let arguments = json!({
        "job-id": "j0", "device": "a", "target": "b", "sync": "full", "speed": 65536,
    });
    client.execute("blockdev-backup", arguments);
}

#[test]
fn quit_ends_jobs_and_removes_the_socket() {
    let mut daemon = Daemon::start(&DISKS);
    let mut client = daemon.client();
    start_backup(&mut client);
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
    assert!(!daemon.socket().exists());
}

/// The statuses and the events of block jobs that a client receives between its request to quit and
/// the reply, which is the last message. `status` is the status in which the job is then.
fn events_of_quit(command: &str, more: Value, status: &str) -> Vec<String> {
    let mut daemon = Daemon::start(&DISKS);
    let mut client = daemon.client();
    let mut arguments = json!({"job-id": "j0", "device": "a", "target": "b", "sync": "full"});
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.execute(command, arguments);
    if let "paused" | "standby" = status {
        let before = if status == "paused" { "running" } else { "ready" };
        client.wait_for_job("j0", before);
        client.execute("job-pause", json!({"id": "j0"}));
    }
    client.wait_for_job("j0", status);
    let (events, reply) = client.ask_with_events("quit", json!({}));
    assert_eq!(reply, json!({"return": {}}));
    assert!(client.is_closed());
    assert!(daemon.ended().success());
    let name = |event: &Value| match event["event"].as_str().unwrap() {
        "JOB_STATUS_CHANGE" => event["data"]["status"].as_str().unwrap().to_owned(),
        other => other.to_owned(),
    };
    // The event of the status may follow the reply that shows the status.
    events.iter().map(name).skip_while(|name| name == status).collect()
}

#[test]
fn quit_sends_the_last_events_of_jobs_before_its_reply() {
    let cancelled = ["aborting", "BLOCK_JOB_CANCELLED", "concluded", "null"];
    let resumed = |first: &'static str| [&[first], &cancelled[..]].concat();
    let slow = || json!({"speed": 65536});
    let cases = [
        ("blockdev-backup", slow(), "running", cancelled.to_vec()),
        ("blockdev-backup", slow(), "paused", resumed("running")),
        ("blockdev-backup", json!({"auto-dismiss": false}), "concluded", vec!["null"]),
        ("blockdev-mirror", slow(), "running", cancelled.to_vec()),
        ("blockdev-mirror", json!({}), "standby", resumed("ready")),
    ];
    for (command, more, status, expected) in cases {
        assert_eq!(events_of_quit(command, more, status), expected, "{command} {status}");
    }
}

#[test]
fn each_signal_ends_the_daemon_as_quit_does() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut daemon = Daemon::start(&[&DISKS[..], &["--pidfile", "$DIR/pid"]].concat());
        let mut client = daemon.client();
        start_backup(&mut client);
        let number = fs::read_to_string(daemon.path("pid")).unwrap();
        assert_eq!(number, format!("{}\n", daemon.id()));
        daemon.signal(signal);
        assert!(daemon.ended().success(), "{signal:?}");
        assert!(!daemon.socket().exists(), "{signal:?}");
        assert!(!daemon.path("pid").exists(), "{signal:?}");
    }
}

#[test]
fn signals_that_no_one_sends_to_end_a_daemon_have_no_effect() {
    let mut daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    for signal in [
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::IO,
        Signal::POWER,
        Signal::XFSZ,
        Signal::PIPE,
    ] {
        daemon.signal(signal);
        client.execute("query-version", json!({}));
    }
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().success());
}

#[test]
fn the_socket_of_a_killed_daemon_is_replaced_and_that_of_a_running_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    // Dropping a listener leaves its file, as a killed daemon does.
    drop(UnixListener::bind(folder.path().join("qmp.sock")).unwrap());
    let daemon = Daemon::start_in(folder, &[]);
    daemon.client();
    let second = run(&socket_arguments(daemon.path("").as_path()).each_ref().map(|s| s.as_str()));
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(text.ends_with(": Address already in use\n"), "{text}");
    daemon.client();
}

/// A path of exactly `length` bytes in a folder.
fn path_of_length(folder: &Path, length: usize) -> String {
    let folder = folder.to_str().unwrap();
    format!("{folder}/{}", "s".repeat(length - folder.len() - 1))
}

#[test]
fn the_path_of_a_socket_may_have_the_full_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = path_of_length(folder.path(), 108);
    let chardev = format!("socket,id=w,path={path},server=on,wait=off");
    let daemon = Daemon::start(&["--chardev", &chardev, "--monitor", "w"]);
    daemon.client();
    // Of a socket that is in use, no second process takes the path.
    let second = run(&["--chardev", &chardev]);
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(text.ends_with(": Address already in use\n"), "{text}");
    // This program is a client of it, and ends with the connection.
    let client = format!("socket,id=c,path={path}");
    let mut connected = command()
        .args(["--chardev", &client, "--monitor", "c"])
        .stdin(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(daemon);
    connected.kill().unwrap();
    connected.wait().unwrap();
    // The daemon was killed, so its file remains. A short link leads to the socket.
    let again = Daemon::start(&["--chardev", &chardev, "--monitor", "w"]);
    again.client();
    let link = folder.path().join("link");
    fs::hard_link(&path, &link).unwrap();
    let mut client = Client::connect(&link);
    client.execute("query-version", json!({}));
    drop(again);
}

#[test]
fn an_id_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let socket = |name: &str, id: &str| {
        let path = folder.path().join(name);
        format!("socket,{id},path={},server=on,wait=off", path.display())
    };
    let (first, second) = (socket("a", "id=m"), socket("b", "id=m"));
    let output = run(&["--chardev", &first, "--chardev", &second]);
    let expected = format!("storage-daemon: --chardev {second}: duplicate yank instance\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
    let output = run(&["--chardev", &socket("a", "id=m,id=n"), "--monitor", "n"]);
    let expected = "storage-daemon: --monitor n: chardev \"n\" not found\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
}

#[test]
fn a_second_daemon_cannot_use_the_pidfile_of_a_running_one() {
    let daemon = Daemon::start(&["--pidfile", "$DIR/pid"]);
    daemon.client();
    let path = daemon.path("pid");
    let second = run(&["--pidfile", path.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(1));
    let number = fs::read_to_string(path).unwrap();
    assert_eq!(number, format!("{}\n", daemon.id()), "the file was overwritten");
}

#[test]
fn each_client_has_a_session_and_gets_all_events() {
    let daemon = Daemon::start(&DISKS);
    let (mut first, mut second) = (daemon.client(), daemon.client());
    start_backup(&mut first);
    assert_eq!(second.message()["data"], json!({"id": "j0", "status": "created"}));
    assert_eq!(second.message()["data"], json!({"id": "j0", "status": "running"}));
}

#[test]
fn options_after_a_waiting_socket_are_carried_out_when_a_client_has_connected() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("other.sock");
    let chardev = format!("socket,id=w,path={},server=on", socket.display());
    let daemon = Daemon::start_in(folder, &["--chardev", &chardev, "--monitor", "w"]);
    // Both sockets listen, but no client gets a greeting before one has connected to the second.
    let mut early = Client::unnegotiated(&daemon.socket());
    let mut first = Client::unnegotiated(&socket);
    assert!(first.message()["QMP"].is_object());
    assert!(early.message()["QMP"].is_object());
}

#[test]
fn a_signal_ends_the_wait_for_the_first_client() {
    let mut daemon = Daemon::start(&["--chardev", "socket,id=w,path=$DIR/w,server=on"]);
    wait_for("the socket", || daemon.path("w").exists().then_some(()));
    // The program handles signals before it creates sockets.
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().success());
    assert!(!daemon.path("w").exists());
}

#[test]
fn a_session_ends_with_the_daemon() {
    let mut daemon = Daemon::start(&[]);
    let mut idle = daemon.client();
    daemon.client().execute("quit", json!({}));
    assert!(idle.is_closed());
    assert!(daemon.ended().success());
}

#[test]
fn bad_images_have_different_errors_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text"), "not an image").unwrap();
    let daemon = Daemon::start_in(folder, &DISKS);
    let mut client = daemon.client();
    start_backup(&mut client);
    let path = |name: &str| daemon.path(name).to_str().unwrap().to_owned();
    let text = json!({"driver": "file", "filename": path("text")});
    let qcow2 = json!({"driver": "qcow2", "node-name": "q", "file": text});
    assert_eq!(client.refused("blockdev-add", qcow2), "Image is not in qcow2 format");
    let absent = json!({"driver": "file", "node-name": "q", "filename": path("absent")});
    let expected = format!("Could not open '{}': No such file or directory", path("absent"));
    assert_eq!(client.refused("blockdev-add", absent), expected);
    let nodes = client.execute("query-named-block-nodes", json!({"flat": true}));
    // The two disks, and the filter of the backup.
    assert_eq!(nodes.as_array().unwrap().len(), 3);
    client.wait_for_job("j0", "running");
}
