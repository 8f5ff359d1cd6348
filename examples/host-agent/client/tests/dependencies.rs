//! What a crate of a client depends on.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::process::Command;

/// The lines of `cargo tree` with these edges, for this package alone.
fn tree(edges: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--offline", "--locked", "--prefix", "none", "--edges", edges]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_client_depends_on_no_part_of_the_server() {
    let features = tree("features,no-dev");
    assert!(features.contains("qapi-core feature \"client\""), "{features}");
    for absent in [
        "qapi-core feature \"server\"",
        "tokio feature \"signal\"",
        "tokio feature \"rt\"",
        "tokio feature \"io-std\"",
    ] {
        assert!(!features.contains(absent), "{absent}:\n{features}");
    }
    let packages = tree("no-dev,no-proc-macro");
    for absent in ["qapi-job ", "redb ", "rustix ", "host-agent ", "metrics "] {
        assert!(!packages.lines().any(|line| line.starts_with(absent)), "{absent}:\n{packages}");
    }
}
