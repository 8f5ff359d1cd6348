//! What a crate of declarations for clients depends on.

use std::io::ErrorKind;
use std::process::Command;

/// The lines of `cargo tree` with these edges, for the client of the example `host-agent`; `None`
/// if the user of the tests may not run cargo.
fn tree(edges: &str) -> Option<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--offline", "--locked", "--prefix", "none", "--edges", edges]);
    let folder = surroundings::package_folder(env!("CARGO_MANIFEST_DIR"));
    let client = folder.join("../examples/host-agent/client");
    let output = match cargo.current_dir(client).output() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            surroundings::skip("this user may not run cargo");
            return None;
        }
        output => output.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_client_depends_on_no_part_of_the_server() {
    let Some(features) = tree("features,no-dev") else { return };
    assert!(features.contains("qapi-core feature \"client\""), "{features}");
    for absent in [
        "qapi-core feature \"server\"",
        "tokio feature \"signal\"",
        "tokio feature \"rt\"",
        "tokio feature \"io-std\"",
    ] {
        assert!(!features.contains(absent), "{absent}:\n{features}");
    }
    let packages = tree("no-dev,no-proc-macro").unwrap();
    for absent in ["qapi-job ", "redb ", "rustix ", "host-agent ", "metrics "] {
        assert!(!packages.lines().any(|line| line.starts_with(absent)), "{absent}:\n{packages}");
    }
}
