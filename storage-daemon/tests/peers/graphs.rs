//! Compares nodes and their users with those of `qemu-storage-daemon`.

use std::path::Path;
use std::process::Command;

/// Whether all programs that the comparison needs are installed. If one is missing, prints a note;
/// `QAPI_REQUIRE_PEERS=1` makes that a failure.
fn has_peers(python: &str) -> bool {
    let programs = ["qemu-storage-daemon", "qemu-img", "qemu-io", python];
    let is_missing = |program: &&&str| Command::new(program).arg("--version").output().is_err();
    let missing = programs.iter().find(is_missing);
    if let Some(missing) = missing {
        let required = std::env::var_os("QAPI_REQUIRE_PEERS").is_some_and(|value| value == "1");
        assert!(!required, "{missing} is missing");
        eprintln!("skipped: {missing} is missing");
    }
    missing.is_none()
}

#[test]
fn graphs_equal_those_of_qemu() {
    let python = std::env::var("QAPI_PEERS_PYTHON").unwrap_or_else(|_| "python3".into());
    if !has_peers(&python) {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/graphs.py");
    let mut compare = Command::new(python);
    compare.arg("-B").arg(script).arg(env!("CARGO_BIN_EXE_storage-daemon"));
    let output = compare.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
