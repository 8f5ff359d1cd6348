//! Compares nodes and their users with those of `qemu-storage-daemon`.

use std::process::Command;

use surroundings::{peer, recorded_peer};

use crate::support::daemon::program;

/// Whether the machine has all programs that the comparison needs. The daemon of QEMU has to be of
/// the version that ours is modelled on, because graphs differ between versions.
fn has_peers() -> bool {
    recorded_peer("qemu-storage-daemon").is_some()
        && peer("qemu-img").is_some()
        && peer("qemu-io").is_some()
        && peer("python3").is_some()
}

#[test]
fn graphs_equal_those_of_qemu() {
    let python = std::env::var("QAPI_PEERS_PYTHON").unwrap_or_else(|_| "python3".into());
    if !has_peers() {
        return;
    }
    let script =
        surroundings::package_folder(env!("CARGO_MANIFEST_DIR")).join("tests/peers/graphs.py");
    let mut compare = Command::new(python);
    compare.arg("-B").arg(script).arg(program());
    let output = compare.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
