//! The recorded scenarios: the daemon must behave as QEMU's own storage daemon did.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the scenarios and their harness.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/jobs")
}

/// Whether the programs that the harness needs are installed. If not, prints a note;
/// `QAPI_REQUIRE_PEERS=1` makes that a failure.
fn is_possible() -> bool {
    let is_there = |program: &&str| Command::new(program).arg("--version").output().is_ok();
    let missing: Vec<&str> = ["python3", "qemu-img", "qemu-io"]
        .into_iter()
        .filter(|program| !is_there(program))
        .collect();
    let required = std::env::var_os("QAPI_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required || missing.is_empty(), "required but not installed: {missing:?}");
    if !missing.is_empty() {
        println!(
            "note: the scenarios are skipped, as these programs are not installed: {missing:?}"
        );
    }
    missing.is_empty()
}

/// Runs scenarios of a folder: those with these names, or all if there are no names.
fn assert_pass(folder: &Path, names: &str) {
    if !is_possible() {
        return;
    }
    let output = Command::new("python3")
        .arg(self::folder().join("scenarios.py"))
        .args(["check", "--prog", env!("CARGO_BIN_EXE_storage-daemon"), "-j", "2", "--dir"])
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
