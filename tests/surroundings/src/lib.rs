//! What tests need of the machine that they run on: QEMU's programs, and the files of their
//! package.
//!
//! A test that cannot run on a machine calls [`skip`] or [`skip_peer`], and passes. The reason
//! appears in the output of the test command, once for each test binary.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The version of QEMU that recordings and expected results are from.
pub const RECORDED_VERSION: &str = "10.0.2";

/// Reports that a test, or a part of a test, cannot run on this machine.
pub fn skip(reason: impl Display) {
    static REPORTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let line = format!("skipped: {reason}\n");
    let mut reported = REPORTED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !reported.contains(&line) {
        // The test harness captures the output of `eprint!`, but not a write to the stream.
        let _ = std::io::stderr().write_all(line.as_bytes());
        reported.insert(line);
    }
}

/// Reports that a peer is missing. A peer is a program that the framework is compared with.
///
/// # Panics
/// If the environment variable `QAPI_REQUIRE_PEERS` is 1.
pub fn skip_peer(reason: impl Display) {
    let required = std::env::var_os("QAPI_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "QAPI_REQUIRE_PEERS is set, but {reason}");
    skip(reason);
}

/// The path of a peer, or `None` if no folder of `PATH` has it. The latter is reported.
///
/// # Panics
/// If the peer is missing, and the environment variable `QAPI_REQUIRE_PEERS` is 1.
#[must_use]
pub fn peer(program: &str) -> Option<PathBuf> {
    let found = find(program);
    if found.is_none() {
        skip_peer(format!("{program} is not installed"));
    }
    found
}

/// Like [`peer`], for a program that is never required.
#[must_use]
pub fn optional_peer(program: &str) -> Option<PathBuf> {
    let found = find(program);
    if found.is_none() {
        skip(format!("{program} is not installed"));
    }
    found
}

/// The path of a program in a folder of `PATH`.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Like [`peer`], for a program of QEMU whose behaviour depends on the version. Any other version
/// than [`RECORDED_VERSION`] counts as missing.
///
/// # Panics
/// As [`peer`].
#[must_use]
pub fn recorded_peer(program: &str) -> Option<PathBuf> {
    let path = peer(program)?;
    let output = Command::new(&path).arg("--version").output();
    let output = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version(output.as_deref().unwrap_or_default());
    if version == Some(RECORDED_VERSION) {
        return Some(path);
    }
    let version = version.unwrap_or("unknown");
    skip_peer(format!(
        "the version of {program} is {version}, and expected results are from {RECORDED_VERSION}"
    ));
    None
}

/// The version in the output of a program of QEMU: the word after "version".
fn version(output: &str) -> Option<&str> {
    output.split_whitespace().skip_while(|word| *word != "version").nth(1)
}

/// The folder of the package under test. `built` is the value of `env!("CARGO_MANIFEST_DIR")`.
///
/// Cargo sets the variable for a running test too. Tests therefore find their files in a copy of
/// the checkout, without another build.
#[must_use]
pub fn package_folder(built: &str) -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| built.into(), PathBuf::from)
}

/// The program `name` of the package under test. `built` is the value of `env!` for the variable
/// `CARGO_BIN_EXE_` with that name. That variable has priority for a running test too.
#[must_use]
pub fn program(name: &str, built: &str) -> PathBuf {
    let set = std::env::var_os(format!("CARGO_BIN_EXE_{name}"));
    set.map_or_else(|| Path::new(built).to_owned(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_word_after_version() {
        assert_eq!(version("qemu-img version 7.2.18 (Debian 1:7.2)\nCopyright"), Some("7.2.18"));
        assert_eq!(version("busybox"), None);
    }
}
