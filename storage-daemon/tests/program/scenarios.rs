//! The recorded scenarios: the daemon must behave as QEMU's own storage daemon did.

use std::path::{Path, PathBuf};
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

/// Runs scenarios of a folder: those with these names, or all if there are no names.
fn assert_pass(folder: &Path, names: &str) {
    if !is_possible() {
        return;
    }
    let output = Command::new("python3")
        .arg(self::folder().join("scenarios.py"))
        .args(["check", "-j", "2", "--prog"])
        // The harness splits the command as a shell does.
        .arg(format!("'{}'", program().display()))
        .args(left_out())
        .arg("--dir")
        .arg(folder)
        .args(names.split_whitespace().flat_map(|name| ["--only", name]))
        .env("SCENARIO_TIMEOUT", "60")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_first_scenarios_pass() {
    let names = std::fs::read_to_string(folder().join("first.txt")).unwrap();
    assert_pass(&folder().join("cases"), &names);
}

#[test]
fn the_scenarios_of_fixed_bugs_pass() {
    assert_pass(&folder().join("more"), "");
}
