//! The recorded scenarios: the daemon must behave as QEMU's own storage daemon did.

use std::path::PathBuf;
use std::process::Command;

use surroundings::{peer, skip};

use crate::support::daemon::program;

/// The folder of the scenarios and their harness.
fn folder() -> PathBuf {
    surroundings::package_folder(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/jobs")
}

/// Whether the programs that the harness needs are installed.
fn is_possible() -> bool {
    ["python3", "qemu-img", "qemu-io"].into_iter().all(|program| peer(program).is_some())
}

/// The arguments that leave out the scenarios that the temporary folder does not permit.
fn left_out() -> &'static [&'static str] {
    let file = tempfile::tempfile().unwrap();
    if file.set_len(1 << 62).is_err() {
        return &[];
    }
    skip("the temporary folder has no limit on the size of files, so no error is expected");
    &["--without", "file-size-limit"]
}

/// A run of the harness that checks the scenarios of a folder. On which side of a reply an event
/// came is not compared, as it depends on the speed of the machine.
fn check(scenarios: &str) -> Command {
    let mut command = Command::new("python3");
    command
        .arg(folder().join("scenarios.py"))
        .args(["check", "-j", "2", "--loose-order", "--prog"])
        // The harness splits the command as a shell does.
        .arg(format!("'{}'", program().display()))
        .args(left_out())
        .arg("--dir")
        .arg(folder().join(scenarios))
        .env("SCENARIO_TIMEOUT", "60")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The scenarios that the daemon does not pass.
fn failing() -> PathBuf {
    folder().join("left-out.txt")
}

/// Asserts that a run of the harness succeeds.
fn assert_success(command: &mut Command) {
    if !is_possible() {
        return;
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Hundreds of lines about scenarios that pass would hide the others.
    let failed: Vec<&str> = text.lines().filter(|line| !line.starts_with("pass ")).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", failed.join("\n"));
}

#[test]
fn the_first_scenarios_pass() {
    let names = std::fs::read_to_string(folder().join("first.txt")).unwrap();
    assert_success(
        check("cases").args(names.split_whitespace().flat_map(|name| ["--only", name])),
    );
}

#[test]
fn the_scenarios_of_fixed_bugs_pass() {
    assert_success(&mut check("more"));
}

#[test]
fn the_scenarios_of_guests_pass() {
    assert_success(check("guests").arg("--except").arg(failing()));
}

/// Each scenario that passes leaves the list.
#[test]
fn the_scenarios_that_are_left_out_fail() {
    let mut command = check("guests");
    // A short limit on waits can hide a scenario that would pass, and fails none.
    assert_success(command.arg("--failing").arg(failing()).env("SCENARIO_TIMEOUT", "1"));
}
