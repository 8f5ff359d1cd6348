//! Mirrors: refused commands leave nothing behind; clients see the nodes of a running mirror.
//!
//! More tests of mirrors: `tests/jobs/mirror.rs` (through the library), `tests/jobs/slow_disk.rs`
//! (flushes that hang), and in the workspace `tests/conformance/jobs` (recordings of QEMU) and
//! `tests/crash` (kills).

use serde_json::{Value, json};

use crate::support::daemon::{
    Client, Daemon, assert_refused, copy, delete_nodes, node_names, with_images,
};
use crate::support::images::MIB;

/// A daemon with images and their nodes.
fn daemon() -> (Daemon, Client) {
    let images = ["source", "target", "below"].map(|name| (name, MIB));
    let more =
        ["raw,node-name=above,file=below", "null-co,node-name=ro,size=1048576,read-only=on"];
    with_images(&images, &more)
}

const OUT_OF_RANGE: &str = "Parameter 'granularity' expects a value in range [512B, 64MB]";
const CANNOT_REPLACE: &str = "Cannot replace 'target' by a node mirrored from 'source', because \
    it cannot be guaranteed that doing so would not lead to an abrupt change of visible data";

#[test]
fn refused_mirrors_leave_nothing_behind() {
    let (daemon, mut client) = daemon();
    let cases: &[(Value, &str)] = &[
        (json!({"device": "x"}), "Cannot find device='x' nor node-name='x'"),
        (json!({"target": "x"}), "Cannot find device='x' nor node-name='x'"),
        (json!({"device": "below"}), "Need a root block node"),
        (json!({"target": "source"}), "Can't mirror node into itself"),
        (json!({"target": "ro"}), "Block node is read-only"),
        (json!({"sync": "incremental"}), "Sync mode 'incremental' not supported"),
        (json!({"sync": "bitmap"}), "Sync mode 'bitmap' not supported"),
        (json!({"granularity": 3}), OUT_OF_RANGE),
        (json!({"granularity": 256}), OUT_OF_RANGE),
        (json!({"granularity": 1 << 27}), OUT_OF_RANGE),
        (json!({"granularity": 1000}), "Parameter 'granularity' expects a power of 2"),
        (json!({"buf-size": -1}), "Invalid parameter 'buf-size'"),
        (json!({"replaces": "x"}), "Failed to find node with node-name='x'"),
        (json!({"replaces": "target"}), CANNOT_REPLACE),
        (json!({"filter-node-name": "target"}), "Duplicate nodes with node-name='target'"),
        (json!({"filter-node-name": "0"}), "Invalid node-name: '0'"),
        (json!({"job-id": "0"}), "Invalid job ID '0'"),
        (json!({"speed": -1}), "Parameter 'speed' expects a non-negative value"),
        (json!({"unmap": true}), "Parameter 'unmap' is unexpected"),
    ];
    assert_refused((&daemon, &mut client), "blockdev-mirror", &copy(json!({})), cases);
    delete_nodes(&mut client, &["source", "target"]);
}

#[test]
fn refused_mirrors_to_files_leave_nothing_behind() {
    let (daemon, mut client) = daemon();
    let path = |name: &str| daemon.path(name).display().to_string();
    let (new, nowhere) = (path("new"), path("no/new"));
    let missing = format!("Could not open '{new}': No such file or directory");
    let cannot_create = format!("Could not create '{nowhere}': No such file or directory");
    let cases: &[(Value, &str)] = &[
        (json!({"device": "x"}), "Cannot find device='x' nor node-name='x'"),
        (json!({"device": "below"}), "Need a root block node"),
        (json!({"format": "x"}), "Unknown file format 'x'"),
        (json!({"mode": "existing"}), &missing),
        (json!({"target": nowhere}), &cannot_create),
        (json!({"node-name": "source"}), "Duplicate nodes with node-name='source'"),
        (
            json!({"replaces": "source"}),
            "a node-name must be provided when replacing a named node of the graph",
        ),
        (json!({"node-name": "n", "replaces": "target"}), CANNOT_REPLACE),
        (json!({"granularity": 3}), OUT_OF_RANGE),
        (json!({"buf-size": -1}), "Invalid parameter 'buf-size'"),
        (json!({"job-id": "0"}), "Invalid job ID '0'"),
        (json!({"speed": -1}), "Parameter 'speed' expects a non-negative value"),
    ];
    let arguments = copy(json!({"target": new}));
    assert_refused((&daemon, &mut client), "drive-mirror", &arguments, cases);
}

#[test]
fn a_mirror_reserves_its_nodes_and_shows_its_filter() {
    let (_daemon, mut client) = daemon();
    let changes = json!({"filter-node-name": "top", "sync": "none"});
    client.execute("blockdev-mirror", copy(changes));
    assert_eq!(node_names(&mut client)[0], "top");
    let busy = |node: &str| {
        format!("Node '{node}' is busy: block device is in use by block job: mirror")
    };
    for (node, expected) in [
        ("source", busy("source")),
        ("top", busy("top")),
        ("target", "Node target is in use".into()),
    ] {
        assert_eq!(client.refused("blockdev-del", json!({"node-name": node})), expected);
    }
    let other = json!({"job-id": "j1", "target": "ro"});
    let refused = client.refused("blockdev-mirror", copy(other));
    assert_eq!(refused, "Need a root block node");
    let other = json!({"job-id": "j1", "device": "above", "target": "source"});
    assert_eq!(client.refused("blockdev-mirror", copy(other)), busy("source"));
    client.execute("block-job-cancel", json!({"device": "j0", "force": true}));
}
