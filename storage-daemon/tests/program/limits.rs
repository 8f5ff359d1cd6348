//! Limits of the system on the process, and files that are not what they seem.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use crate::support::daemon::{Client, Daemon, command, program, run, socket_arguments, wait_for};
use crate::support::images::create_qcow2;

const MIB: u64 = 1 << 20;
/// The time in which the end of a connection arrives, on a slow machine too.
const WAIT: Duration = Duration::from_secs(60);

/// Sets a limit of a running daemon, and its hard limit.
fn limit(daemon: &Daemon, resource: Resource, value: u64) {
    let pid = Pid::from_raw(daemon.id().cast_signed());
    let limit = Rlimit { current: Some(value), maximum: Some(value) };
    prlimit(pid, resource, limit).unwrap();
}

/// The number of open files of a daemon.
fn open_files(daemon: &Daemon) -> u64 {
    fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap().count() as u64
}

/// Creates files of one MiB with data, and returns a daemon in their folder.
fn with_files(names: &[&str]) -> (Daemon, Client) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(folder.path().join(name), vec![7; MIB as usize]).unwrap();
    }
    let daemon = Daemon::start_in(folder, &[]);
    let client = daemon.client();
    (daemon, client)
}

fn add(daemon: &Daemon, client: &mut Client, name: &str) {
    let path = daemon.path(name);
    client
        .execute("blockdev-add", json!({"driver": "file", "node-name": name, "filename": path}));
}

fn backup(client: &mut Client, id: &str, target: &str) {
    let arguments = json!({
        "job-id": id, "device": "source", "target": target, "sync": "full", "auto-dismiss": false,
    });
    client.execute("blockdev-backup", arguments);
}

#[test]
fn a_limit_on_the_size_of_files_fails_the_job_only() {
    let (mut daemon, mut client) = with_files(&["source", "target"]);
    limit(&daemon, Resource::Fsize, MIB / 2);
    add(&daemon, &mut client, "source");
    add(&daemon, &mut client, "target");
    let null = json!({"driver": "null-co", "node-name": "null", "size": MIB});
    client.execute("blockdev-add", null);
    backup(&mut client, "bad", "target");
    assert_eq!(client.wait_for_job("bad", "concluded")["error"], "File too large");
    backup(&mut client, "good", "null");
    assert_eq!(client.wait_for_job("good", "concluded").get("error"), None);
    let create = json!({
        "job-id": "create",
        "options": {"driver": "file", "filename": daemon.path("new"), "size": MIB},
    });
    client.execute("blockdev-create", create);
    let error = client.wait_for_job("create", "concluded")["error"].clone();
    assert_eq!(error, "Could not resize file: File too large");
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
}

/// Limits the address space of a daemon to what it has and `bytes` more.
fn limit_memory(daemon: &Daemon, bytes: u64) {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let kib: u64 = size.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    limit(daemon, Resource::As, (kib << 10) + bytes);
}

#[test]
fn without_memory_for_a_table_the_command_fails_only() {
    let (daemon, mut client) = with_files(&[]);
    let large = daemon.path("large.qcow2");
    // Its L1 table takes 32 MiB, the most that QEMU reads.
    create_qcow2(&large, 1 << 51, |_| {});
    limit_memory(&daemon, 24 * MIB);
    let file = json!({"driver": "file", "filename": large});
    let options = json!({"driver": "qcow2", "node-name": "large", "file": file});
    let error = client.refused("blockdev-add", options);
    assert!(error.ends_with("Cannot allocate memory"), "{error}");
    let node = json!({"driver": "null-co", "node-name": "null", "size": MIB});
    client.execute("blockdev-add", node);
}

#[test]
fn the_daemon_closes_its_nodes_although_no_thread_can_be_started() {
    const IDLE_THREADS: usize = 3;
    let (mut daemon, mut client) = with_files(&["source"]);
    add(&daemon, &mut client, "source");
    let threads = format!("/proc/{}/task", daemon.id());
    wait_for("the end of the threads for blocking work", || {
        (fs::read_dir(&threads).unwrap().count() <= IDLE_THREADS).then_some(())
    });
    limit_memory(&daemon, MIB);
    client.refused("blockdev-del", json!({"node-name": "source"}));
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
}

/// The memory that a daemon has allocated, in KiB.
fn allocated(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

#[test]
fn a_job_that_waits_at_its_limit_of_speed_keeps_no_buffer() {
    const JOBS: u64 = 200;
    const BUFFER_KIB: u64 = 64;
    let (daemon, mut client) = with_files(&[]);
    for number in 0..2 * JOBS {
        let name = format!("n{number}");
        let node = json!({"driver": "null-co", "node-name": name, "size": MIB});
        client.execute("blockdev-add", node);
    }
    let before = allocated(&daemon);
    for number in 0..JOBS {
        let arguments = json!({
            "job-id": format!("j{number}"), "device": format!("n{number}"), "speed": 1,
            "target": format!("n{}", JOBS + number), "sync": "full",
        });
        client.execute("blockdev-backup", arguments);
    }
    wait_for("the first request of each job", || {
        let jobs = client.execute("query-jobs", json!({}));
        let has_begun = |job: &serde_json::Value| job["current-progress"] != 0;
        jobs.as_array().unwrap().iter().all(has_begun).then_some(())
    });
    wait_for("the release of the buffers", || {
        (allocated(&daemon) < before + JOBS * BUFFER_KIB / 2).then_some(())
    });
}

#[test]
fn a_client_for_whose_message_there_is_no_memory_is_disconnected_and_others_are_served() {
    let (daemon, mut client) = with_files(&[]);
    limit_memory(&daemon, 8 * MIB);
    let numbers = "1,".repeat(1_000_000);
    let names: String = (0..500_000).map(|number| format!("'{number}':1,")).collect();
    for text in
        ["a".repeat(60 << 20), format!("',[{numbers}1],'"), format!("',{{{names}'':1}},'")]
    {
        let mut stream = UnixStream::connect(daemon.path("qmp.sock")).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        let message = format!("{{'execute':'qmp_capabilities'}}['{text}']");
        // The server may disconnect before it has read all.
        let _ = stream.write_all(message.as_bytes());
        let mut replies = Vec::new();
        let _ = stream.read_to_end(&mut replies);
        let replies = String::from_utf8(replies).unwrap();
        assert!(replies.contains("The memory limit of the server is exceeded"), "{replies}");
        client.execute("query-version", json!({}));
    }
}

#[test]
fn an_image_takes_one_descriptor() {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (daemon, mut client) = with_files(&NAMES);
    let before = open_files(&daemon);
    for name in NAMES {
        add(&daemon, &mut client, name);
    }
    assert_eq!(open_files(&daemon), before + NAMES.len() as u64);
    let reopened = json!({
        "driver": "file", "node-name": "a", "filename": daemon.path("a"), "read-only": true,
    });
    client.execute("blockdev-reopen", json!({"options": [reopened]}));
    assert_eq!(open_files(&daemon), before + NAMES.len() as u64);
}

#[test]
fn without_a_free_descriptor_a_node_is_refused_and_clients_are_served() {
    const LIMIT: u64 = 64;
    let (daemon, mut client) = with_files(&["image"]);
    let mut second = daemon.client();
    limit(&daemon, Resource::Nofile, LIMIT);
    let path = daemon.path("image");
    let node = |number: u64| {
        let name = format!("n{number}");
        json!({"driver": "file", "node-name": name, "filename": path, "read-only": true})
    };
    let mut added = 0;
    let refused = loop {
        let reply = client.ask("blockdev-add", node(added));
        match reply.get("error") {
            Some(error) => break error["desc"].clone(),
            None => added += 1,
        }
        assert!(added < LIMIT);
    };
    assert_eq!(refused, format!("Could not open '{}': Too many open files", path.display()));
    second.execute("query-version", json!({}));
    client.execute("blockdev-del", json!({"node-name": "n0"}));
    client.execute("blockdev-add", node(0));
    // A client that waits for a descriptor is accepted when there is one.
    client.execute("blockdev-del", json!({"node-name": "n1"}));
    daemon.client().execute("query-version", json!({}));
}

#[test]
fn the_limit_of_open_files_is_raised_to_the_hard_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = std::process::Command::new("/bin/sh")
        .args(["-c", "ulimit -S -n 64 && exec \"$0\" \"$@\""])
        .arg(program())
        .args(socket_arguments(folder.path()))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut client = Client::connect(&folder.path().join("qmp.sock"));
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let [soft, hard, ..] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{line}")
    };
    assert_eq!(soft, hard);
    client.execute("quit", json!({}));
    assert!(process.wait().unwrap().success());
}

/// Runs the daemon with this PID file, which must be refused.
fn refusal(pidfile: &std::path::Path) -> String {
    let output = run(&["--pidfile", pidfile.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    let prefix = "storage-daemon: cannot create PID file: Could not create '";
    let (path, error) = text.strip_prefix(prefix).unwrap().split_once("': ").unwrap();
    assert_eq!(path, pidfile.to_str().unwrap());
    error.trim_end().to_owned()
}

#[test]
fn a_pidfile_that_is_a_link_or_a_pipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "precious").unwrap();
    std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
    std::os::unix::fs::symlink(path("new"), path("dangling")).unwrap();
    mkfifoat(CWD, path("pipe"), Mode::RWXU).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    for link in ["link", "dangling"] {
        assert_eq!(refusal(&path(link)), "Too many levels of symbolic links");
    }
    assert_eq!(fs::read_to_string(path("file")).unwrap(), "precious");
    assert!(!path("new").exists());
    // Without a reader, then with one.
    assert_eq!(refusal(&path("pipe")), "No such device or address");
    let _reader = File::options().read(true).write(true).open(path("pipe")).unwrap();
    assert_eq!(refusal(&path("pipe")), "Invalid argument");
    assert_eq!(refusal(&path("socket")), "No such device or address");
}

/// The daemon serves clients although its warning at the start, and an error later, cannot be
/// written.
fn serves_without(stderr: Stdio) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("qmp.sock");
    let chardev = format!("socket,id=m,path={},server,wait=off", socket.display());
    let mut process = command()
        .args(["--chardev", &chardev, "--monitor", "m"])
        .stdin(Stdio::null())
        .stderr(stderr)
        .spawn()
        .unwrap();
    let mut client = Client::connect(&socket);
    client.execute("query-version", json!({}));
    client.execute("quit", json!({}));
    let status = wait_for("the end", || process.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn the_daemon_serves_clients_if_standard_error_is_a_full_disk_or_a_closed_pipe() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    serves_without(writer.into());
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        serves_without(full.into());
    }
}
