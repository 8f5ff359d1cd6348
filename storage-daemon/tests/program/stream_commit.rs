//! Streams and commits: refused commands leave nothing behind, and a storage fault fails only the
//! job that uses this storage.

use std::fs::{self, File};

use block::nodes::{Graph, NodeUse};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::daemon::{
    self, Client, Daemon, Format, delete_nodes, merged, node, wait_for,
};
use crate::support::images::{MIB, corrupt_cluster, create_qcow2, qcow2_alone, set_backing};

/// A folder with the chain `base`, `mid` and `top`, and an image `apart`. Each image has a MiB of
/// data of its own.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut below: Option<&str> = None;
    for (number, name) in ["base", "mid", "top", "apart"].into_iter().enumerate() {
        let backing = below.replace(name).filter(|_| name != "apart");
        let path = folder.path().join(name);
        create_qcow2(&path, 4 * MIB, |image| set_backing(image, backing));
        let graph = Graph::new();
        let node = graph.add(&qcow2_alone(&path)).unwrap();
        let data = vec![number as u8 + 1; MIB as usize];
        drop(graph.reserve_unnamed([NodeUse::target(node.clone())]).unwrap());
        node.write(number as u64 * MIB, &data).unwrap();
        drop(node);
        graph.remove_all();
    }
    folder
}

/// A daemon with a node for each image.
fn daemon(folder: TempDir) -> (Daemon, Client) {
    let nodes = [("base", ""), ("mid", ",backing=base"), ("top", ",backing=mid"), ("apart", "")];
    let nodes = nodes.map(|(name, backing)| node(Format::Qcow2, name, backing));
    Daemon::with_nodes(folder, &nodes)
}

/// Checks that a command fails with each change to its arguments, and leaves nothing behind.
fn assert_refused(command: &str, arguments: &Value, cases: &[(Value, &str)]) {
    let (daemon, mut client) = daemon(folder());
    daemon::assert_refused((&daemon, &mut client), command, arguments, cases);
    delete_nodes(&mut client, &["top", "mid", "base", "apart"]);
}

#[test]
fn refused_streams_leave_nothing_behind() {
    let right = json!({"job-id": "j0", "device": "top"});
    let both = |one: &str, other: &str| {
        format!("'{one}' and '{other}' cannot be specified at the same time")
    };
    let (base_and_node, base_and_bottom) = (both("base", "base-node"), both("base", "bottom"));
    let bottom_and_node = both("bottom", "base-node");
    assert_refused(
        "block-stream",
        &right,
        &[
            (json!({"device": "x"}), "Cannot find device='x' nor node-name='x'"),
            (json!({"base": "b", "base-node": "mid"}), &base_and_node),
            (json!({"base": "b", "bottom": "mid"}), &base_and_bottom),
            (json!({"bottom": "mid", "base-node": "base"}), &bottom_and_node),
            (json!({"base": "nowhere"}), "Can't find 'nowhere' in the backing chain"),
            (json!({"base-node": "x"}), "Cannot find device='' nor node-name='x'"),
            (json!({"base-node": "top"}), "Node 'top' is not a backing image of 'top'"),
            (json!({"base-node": "apart"}), "Node 'apart' is not a backing image of 'top'"),
            (json!({"bottom": "x"}), "Cannot find device='' nor node-name='x'"),
            (json!({"bottom": "apart"}), "Node 'apart' is not in a chain starting from 'top'"),
            (
                json!({"backing-file": "b"}),
                "backing file specified, but streaming the entire chain",
            ),
            (json!({"job-id": null}), "Invalid job ID ''"),
            (json!({"job-id": "0"}), "Invalid job ID '0'"),
            (json!({"speed": -1}), "Parameter 'speed' expects a non-negative value"),
            (
                json!({"filter-node-name": "base"}),
                "Could not create node: Duplicate nodes with node-name='base'",
            ),
            (json!({"filter-node-name": "0"}), "Could not create node: Invalid node-name: '0'"),
        ],
    );
}

#[test]
fn refused_commits_leave_nothing_behind() {
    let right = json!({"job-id": "j0", "device": "top", "top-node": "mid"});
    let active = json!({"top-node": null, "backing-file": "b"});
    assert_refused(
        "block-commit",
        &right,
        &[
            (json!({"device": "x"}), "Device 'x' not found"),
            (json!({"device": "base"}), "Need a root block node"),
            (json!({"top": "t"}), "'top-node' and 'top' are mutually exclusive"),
            (
                json!({"base": "b", "base-node": "base"}),
                "'base-node' and 'base' are mutually exclusive",
            ),
            (json!({"top-node": "x"}), "Cannot find device='' nor node-name='x'"),
            (json!({"top-node": "apart"}), "'apart' is not in this backing file chain"),
            (json!({"top-node": null, "top": "t"}), "Top image file t not found"),
            (json!({"base-node": "x"}), "Cannot find device='' nor node-name='x'"),
            (json!({"base-node": "apart"}), "'apart' is not in this backing file chain"),
            (json!({"base-node": "top"}), "'top' is not in this backing file chain"),
            (json!({"base": "nowhere"}), "Can't find 'nowhere' in the backing chain"),
            (json!({"base-node": "mid"}), "cannot commit an image into itself"),
            (active, "'backing-file' specified, but 'top' is the active layer"),
            (json!({"job-id": "0"}), "Invalid job ID '0'"),
            (json!({"speed": -1}), "Parameter 'speed' expects a non-negative value"),
            (json!({"filter-node-name": "base"}), "Duplicate nodes with node-name='base'"),
            (json!({"top-node": null, "job-id": "0"}), "Invalid job ID '0'"),
            (json!({"top-node": null, "filter-node-name": "0"}), "Invalid node-name: '0'"),
        ],
    );
}

#[test]
fn the_nodes_of_a_stream_are_refused_to_other_jobs() {
    let (_daemon, mut client) = daemon(folder());
    let names = |client: &mut Client| -> Vec<_> {
        let nodes = client.execute("query-named-block-nodes", json!({}));
        let nodes = nodes.as_array().unwrap().iter();
        nodes.map(|node| (node["node-name"].clone(), node["ro"].clone())).collect()
    };
    let before = names(&mut client);
    let slow = json!({"job-id": "j0", "device": "mid", "speed": 1, "filter-node-name": "filter"});
    client.execute("block-stream", slow);
    let busy =
        |node| format!("Node '{node}' is busy: block device is in use by block job: stream");
    for (command, arguments, expected) in [
        ("block-stream", json!({"base-node": "mid"}), busy("filter")),
        ("block-stream", json!({"bottom": "filter"}), {
            "Node 'filter' is a filter, use a non-filter node as 'bottom'".to_owned()
        }),
        ("block-commit", json!({}), busy("filter")),
        ("block-commit", json!({"top-node": "mid"}), busy("mid")),
        ("block-commit", json!({"base-node": "mid"}), busy("filter")),
    ] {
        let arguments = merged(json!({"job-id": "j1", "device": "top"}), &arguments);
        assert_eq!(client.refused(command, arguments), expected);
    }
    client.execute("job-cancel", json!({"id": "j0"}));
    wait_for("the job to end", || {
        let jobs = client.execute("query-jobs", json!({}));
        jobs.as_array().unwrap().is_empty().then_some(())
    });
    assert_eq!(names(&mut client), before);
}

/// Checks that a job fails with this error, that another job succeeds, and that all nodes are free
/// afterwards.
fn assert_only_one_fails(folder: TempDir, command: &str, error: &str) {
    let target = folder.path().join("target");
    File::create(&target).unwrap().set_len(4 * MIB).unwrap();
    let (mut daemon, mut client) = daemon(folder);
    let file = json!({"driver": "file", "filename": target});
    let target_node = json!({"driver": "raw", "node-name": "target", "file": file});
    client.execute("blockdev-add", target_node);
    let good = json!({
        "job-id": "good", "device": "apart", "target": "target", "sync": "full",
        "auto-dismiss": false,
    });
    client.execute("blockdev-backup", good);
    let mut bad = json!({"job-id": "bad", "device": "top", "auto-dismiss": false});
    if command == "block-commit" {
        bad["top-node"] = json!("mid");
    }
    client.execute(command, bad);
    let failed = client.wait_for_job("bad", "concluded");
    assert_eq!(failed["error"], error);
    assert_eq!(client.wait_for_job("good", "concluded").get("error"), None);
    let copied = fs::read(&target).unwrap();
    assert!(copied[3 * MIB as usize..].iter().all(|byte| *byte == 4), "the copy differs");
    for id in ["bad", "good"] {
        client.execute("job-dismiss", json!({"id": id}));
    }
    let nodes = client.execute("query-named-block-nodes", json!({"flat": true}));
    assert_eq!(nodes.as_array().unwrap().len(), 10, "no filter is left");
    delete_nodes(&mut client, &["top", "mid", "base", "apart", "target"]);
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
}

#[test]
fn an_unreadable_block_fails_one_stream() {
    let folder = folder();
    corrupt_cluster(&folder.path().join("base"), 3);
    assert_only_one_fails(folder, "block-stream", "Input/output error");
}

#[test]
fn an_unreadable_block_fails_one_commit() {
    let folder = folder();
    corrupt_cluster(&folder.path().join("mid"), 20);
    assert_only_one_fails(folder, "block-commit", "Input/output error");
}

#[test]
fn an_unwritable_table_fails_one_commit() {
    let folder = folder();
    corrupt_cluster(&folder.path().join("base"), 20);
    assert_only_one_fails(folder, "block-commit", "Input/output error");
}

#[test]
fn a_full_disk_fails_one_commit() {
    let folder = folder();
    let base = folder.path().join("base");
    // The image cannot grow, so that there is no space for data merged into it.
    let size = fs::metadata(&base).unwrap().len().next_multiple_of(512);
    File::options().write(true).open(&base).unwrap().set_len(size).unwrap();
    let window =
        format!("raw,node-name=window,size={size},file.driver=file,file.filename=$DIR/base");
    let nodes = [
        window,
        "qcow2,node-name=base,file=window".to_owned(),
        node(Format::Qcow2, "mid", ",backing=base"),
        node(Format::Qcow2, "top", ",backing=mid"),
    ];
    let (_daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    let commit = |id, on_error| {
        json!({
            "job-id": id, "device": "top", "top-node": "mid", "on-error": on_error,
            "auto-dismiss": false,
        })
    };
    client.execute("block-commit", commit("stops", "enospc"));
    client.wait_for_job("stops", "paused");
    let jobs = client.execute("query-block-jobs", json!({}));
    assert_eq!(jobs[0]["io-status"], "nospace");
    client.execute("job-cancel", json!({"id": "stops"}));
    client.wait_for_job("stops", "concluded");
    client.execute("block-commit", commit("fails", "report"));
    let failed = client.wait_for_job("fails", "concluded");
    assert_eq!(failed["error"], "No space left on device");
    for id in ["stops", "fails"] {
        client.execute("job-dismiss", json!({"id": id}));
    }
    delete_nodes(&mut client, &["top", "mid", "base", "window"]);
}
