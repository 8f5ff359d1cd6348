//! `--daemonize`: going to the background.

use std::fs;

use serde_json::json;

use crate::support::daemon::{Client, command, run, socket_arguments, wait_for};

#[test]
fn a_daemon_in_the_background_is_ready_when_the_started_process_exits() {
    let folder = tempfile::tempdir().unwrap();
    let output = command()
        .args(socket_arguments(folder.path()))
        // Relative: the daemon must find the file after it has changed its working directory.
        .args(["--daemonize", "--pidfile", "pid"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let pidfile = folder.path().join("pid");
    let number: u32 = fs::read_to_string(&pidfile).unwrap().trim().parse().unwrap();
    let process = format!("/proc/{number}");
    assert_eq!(fs::read_link(format!("{process}/cwd")).unwrap().to_str(), Some("/"));
    assert_eq!(fs::read_link(format!("{process}/fd/2")).unwrap().to_str(), Some("/dev/null"));

    Client::connect(&folder.path().join("qmp.sock")).execute("quit", json!({}));
    wait_for("the removal of the PID file", || (!pidfile.exists()).then_some(()));
    wait_for("the removal of the socket", || {
        (!folder.path().join("qmp.sock").exists()).then_some(())
    });
}

#[test]
fn a_daemon_that_cannot_start_reports_it_in_the_started_process() {
    let blockdev = "driver=file,node-name=a,filename=/does/not/exist";
    let table: [(&[&str], &str); 3] = [
        (
            &["--daemonize", "--blockdev", blockdev],
            "--blockdev driver=file,node-name=a,filename=/does/not/exist: \
             Could not open '/does/not/exist': No such file or directory",
        ),
        (
            &["--daemonize", "--chardev", "stdio,id=a"],
            "--chardev stdio,id=a: cannot use stdio with -daemonize",
        ),
        (
            &["--daemonize", "--pidfile", "/does/not/exist"],
            "cannot create PID file: Could not create '/does/not/exist': \
             No such file or directory",
        ),
    ];
    for (arguments, expected) in table {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(text, format!("storage-daemon: {expected}\n"));
    }
}
