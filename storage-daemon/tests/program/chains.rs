//! Streams and commits as clients see them: what is refused leaves nothing behind, and a fault in
//! the midst of one fails that job and nothing else.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use block::create::Qcow2Create;
use block::nodes::{Graph, NodeUse};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRefOrNull};
use serde_json::{Value, json};

use crate::program::{Client, Daemon};

const MIB: u64 = 1 << 20;

/// A folder with the images base, mid and top on top of each other, each with a MiB of its own,
/// and the image apart.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut below: Option<&str> = None;
    for (number, name) in ["base", "mid", "top", "apart"].into_iter().enumerate() {
        let backing = below.replace(name).filter(|_| name != "apart");
        let path = folder.path().join(name);
        File::create(&path).unwrap();
        let file = || BlockdevOptions::file(path.to_str().unwrap());
        let mut image = Qcow2Create::new(file(), 4 * MIB);
        image.backing_file = backing.map(str::to_owned);
        image.backing_format = backing.map(|_| "qcow2".to_owned());
        let graph = Graph::new();
        image.create(&graph).unwrap();
        let image = BlockdevOptionsQcow2::new(file()).backing(BlockdevRefOrNull::NONE);
        let node = BlockdevOptions::from(image).named("n");
        let node = graph.add(&node).unwrap();
        let data = vec![number as u8 + 1; MIB as usize];
        drop(graph.reserve_unnamed([NodeUse::target(node.clone())]).unwrap());
        node.write(number as u64 * MIB, &data).unwrap();
        drop(node);
        graph.remove_all();
    }
    folder
}

/// A daemon with a node for each image.
fn daemon(folder: tempfile::TempDir) -> (Daemon, Client) {
    let mut arguments = Vec::new();
    for (name, backing) in [("base", ""), ("mid", "base"), ("top", "mid"), ("apart", "")] {
        let backing =
            if backing.is_empty() { String::new() } else { format!(",backing={backing}") };
        let file = format!("file.driver=file,file.filename=$DIR/{name}");
        arguments.push("--blockdev".to_owned());
        arguments.push(format!("qcow2,node-name={name},{file}{backing}"));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let daemon = Daemon::start_in(folder, &arguments);
    let client = daemon.client();
    (daemon, client)
}

/// What could be left behind: jobs, nodes with what is on top of each, and the contents of files.
fn traces(daemon: &Daemon, client: &mut Client) -> (Value, Value, BTreeSet<(String, Vec<u8>)>) {
    let jobs = client.execute("query-jobs", json!({}));
    let nodes = client.execute("query-named-block-nodes", json!({}));
    let files = fs::read_dir(daemon.path("")).unwrap().map(Result::unwrap);
    let files = files.filter(|file| file.file_type().unwrap().is_file());
    let files = files
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()));
    (jobs, nodes, files.collect())
}

/// Tries a command with changes to arguments that would do, each of which is refused.
fn assert_refused(command: &str, right: &Value, cases: &[(Value, &str)]) {
    let (daemon, mut client) = daemon(folder());
    let before = traces(&daemon, &mut client);
    for (changes, expected) in cases {
        let mut arguments = right.clone();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(arguments.as_object_mut().unwrap().remove(name)),
                value => arguments[name] = value.clone(),
            }
        }
        assert_eq!(client.refused(command, arguments), *expected);
        assert!(traces(&daemon, &mut client) == before, "{expected}: something is left behind");
    }
    for name in ["top", "mid", "base", "apart"] {
        client.execute("blockdev-del", json!({"node-name": name}));
    }
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
fn a_node_at_work_is_refused_to_others_and_free_afterwards() {
    let (daemon, mut client) = daemon(folder());
    let before = traces(&daemon, &mut client);
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
        let mut all = json!({"job-id": "j1", "device": "top"});
        all.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        assert_eq!(client.refused(command, all), expected);
    }
    client.execute("job-cancel", json!({"id": "j0"}));
    while !client.execute("query-jobs", json!({})).as_array().unwrap().is_empty() {}
    let (jobs, nodes, _files) = traces(&daemon, &mut client);
    assert_eq!(jobs, before.0);
    let names = |nodes: &Value| {
        let nodes = nodes.as_array().unwrap().iter();
        nodes.map(|node| (node["node-name"].clone(), node["ro"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(names(&nodes), names(&before.1));
}

/// Has the table that says where the contents of a qcow2 image are point to where nothing can be,
/// for the cluster with that number.
fn spoil(image: &Path, cluster: u64) {
    let file = File::options().read(true).write(true).open(image).unwrap();
    let number = |offset| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, offset).unwrap();
        // Without the flags.
        u64::from_be_bytes(bytes) & 0x00ff_ffff_ffff_fe00
    };
    let entry = number(number(40)) + 8 * cluster;
    let spoilt = (number(entry) + 512) | 1 << 63;
    file.write_all_at(&spoilt.to_be_bytes(), entry).unwrap();
}

/// Sees to it that a job fails so, that another one is not disturbed, and that the nodes are free.
fn assert_only_one_fails(folder: tempfile::TempDir, command: &str, error: &str) {
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
    assert!(copied[3 * MIB as usize..].iter().all(|byte| *byte == 4), "the copy is another");
    for id in ["bad", "good"] {
        client.execute("job-dismiss", json!({"id": id}));
    }
    let nodes = client.execute("query-named-block-nodes", json!({"flat": true}));
    assert_eq!(nodes.as_array().unwrap().len(), 10, "no filter is left");
    for node in ["top", "mid", "base", "apart", "target"] {
        client.execute("blockdev-del", json!({"node-name": node}));
    }
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
}

#[test]
fn an_unreadable_block_fails_one_stream() {
    let folder = folder();
    spoil(&folder.path().join("base"), 3);
    assert_only_one_fails(folder, "block-stream", "Input/output error");
}

#[test]
fn an_unreadable_block_fails_one_commit() {
    let folder = folder();
    spoil(&folder.path().join("mid"), 20);
    assert_only_one_fails(folder, "block-commit", "Input/output error");
}

#[test]
fn an_unwritable_table_fails_one_commit() {
    let folder = folder();
    spoil(&folder.path().join("base"), 20);
    assert_only_one_fails(folder, "block-commit", "Input/output error");
}

#[test]
fn a_full_disk_fails_one_commit() {
    let folder = folder();
    let base = folder.path().join("base");
    // As long as it is, and no longer: what is merged into it has no place.
    let size = fs::metadata(&base).unwrap().len().next_multiple_of(512);
    File::options().write(true).open(&base).unwrap().set_len(size).unwrap();
    let window =
        format!("raw,node-name=window,size={size},file.driver=file,file.filename=$DIR/base");
    let nodes = [
        window.as_str(),
        "qcow2,node-name=base,file=window",
        "qcow2,node-name=mid,file.driver=file,file.filename=$DIR/mid,backing=base",
        "qcow2,node-name=top,file.driver=file,file.filename=$DIR/top,backing=mid",
    ];
    let arguments: Vec<&str> = nodes.into_iter().flat_map(|node| ["--blockdev", node]).collect();
    let daemon = Daemon::start_in(folder, &arguments);
    let mut client = daemon.client();
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
    for node in ["top", "mid", "base", "window"] {
        client.execute("blockdev-del", json!({"node-name": node}));
    }
}
