//! The demo: its output, and the removal of its files.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::daemon::command;

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn the_demo_shows_a_backup_and_a_mirror_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let output = command().env("TMPDIR", folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for step in [
        "-> {\"execute\": \"qmp_capabilities\", \"id\": 1}",
        "-> {\"execute\": \"job-pause\", \"arguments\": {\"id\": \"backup0\"}, ",
        "\"data\": {\"id\": \"backup0\", \"status\": \"paused\"}",
        "-> {\"execute\": \"job-resume\", \"arguments\": {\"id\": \"backup0\"}, ",
        "\"event\": \"BLOCK_JOB_COMPLETED\"",
        "100 % of 256 MiB",
        "\"event\": \"BLOCK_JOB_READY\"",
        "-> {\"execute\": \"job-complete\", \"arguments\": {\"id\": \"mirror0\"}, ",
        "268435456 bytes are the same.",
    ] {
        assert!(text.contains(step), "{step} is not in\n{text}");
    }
    assert!(is_empty(folder.path()));
}

#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut process =
        command().env("TMPDIR", folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let paused = "\"data\": {\"id\": \"backup0\", \"status\": \"paused\"}";
    assert!(lines.any(|line| line.unwrap().contains(paused)), "the job is never paused");
    kill_process(Pid::from_child(&process), Signal::INT).unwrap();
    assert!(lines.any(|line| line.unwrap().contains("Interrupted")));
    assert!(process.wait().unwrap().success());
    assert!(is_empty(folder.path()));
}
