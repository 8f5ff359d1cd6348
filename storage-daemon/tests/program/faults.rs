//! Storage that fails: only the job that uses this storage fails.

use std::fs::{self, File};

use block::create::Preallocation;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::daemon::{Client, Daemon, Format, copy, delete_nodes, merged, node};
use crate::support::images::{MIB, corrupt_cluster, create_qcow2};

/// The nodes of a backup that succeeds.
fn sound_nodes() -> Vec<String> {
    ["source", "target"].map(|name| node(Format::Raw, name, "")).into()
}

/// A folder with an image of 4 MiB, a file to copy it to, and an empty qcow2 image of that size.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let contents: Vec<u8> = (0..4 * MIB).map(|at| (at / 512 % 251) as u8 + 1).collect();
    fs::write(folder.path().join("source"), contents).unwrap();
    File::create(folder.path().join("target")).unwrap().set_len(4 * MIB).unwrap();
    create_qcow2(&folder.path().join("image"), 4 * MIB, |image| {
        image.preallocation = Preallocation::Metadata;
    });
    folder
}

/// The arguments of a copy without `auto-dismiss`.
fn copied(id: &str, source: &str, target: &str, more: Value) -> Value {
    let changes = json!({
        "job-id": id, "device": source, "target": target, "auto-dismiss": false,
    });
    copy(merged(changes, &more))
}

fn backup(client: &mut Client, id: &str, source: &str, target: &str) {
    client.execute("blockdev-backup", copied(id, source, target, json!({})));
}

/// Checks that job `bad` failed, that job `good` succeeded, and that all nodes are free.
fn assert_only_one_failed(mut daemon: Daemon, client: &mut Client, error: &str, nodes: &[&str]) {
    let failed = client.wait_for_job("bad", "concluded");
    assert_eq!(failed["error"], error);
    let succeeded = client.wait_for_job("good", "concluded");
    assert_eq!(succeeded.get("error"), None);
    let copy = fs::read(daemon.path("target")).unwrap();
    assert!(copy == fs::read(daemon.path("source")).unwrap(), "the copy differs");
    for id in ["bad", "good"] {
        client.execute("job-dismiss", json!({"id": id}));
    }
    delete_nodes(client, nodes);
    delete_nodes(client, &["source", "target"]);
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
}

/// A daemon with a qcow2 node whose storage has space for the tables only.
fn with_full_disk() -> (Daemon, Client) {
    let window = "raw,node-name=window,size=1048576,file.driver=file,file.filename=$DIR/small";
    let folder = folder();
    File::create(folder.path().join("small")).unwrap().set_len(MIB).unwrap();
    let mut nodes = sound_nodes();
    nodes.push(window.to_owned());
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    let options = json!({"driver": "qcow2", "file": "window", "size": 4 * MIB});
    client.execute("blockdev-create", json!({"job-id": "c", "options": options}));
    assert_eq!(client.wait_for_job("c", "concluded").get("error"), None);
    let full = json!({"driver": "qcow2", "node-name": "full", "file": "window"});
    client.execute("blockdev-add", full);
    (daemon, client)
}

#[test]
fn a_full_disk_fails_one_job_only() {
    for command in ["blockdev-backup", "blockdev-mirror"] {
        let (daemon, mut client) = with_full_disk();
        let stops = copied("stops", "source", "full", json!({"on-target-error": "enospc"}));
        client.execute(command, stops);
        client.wait_for_job("stops", "paused");
        let jobs = client.execute("query-block-jobs", json!({}));
        assert_eq!(jobs[0]["io-status"], "nospace");
        client.execute("job-cancel", json!({"id": "stops"}));
        client.wait_for_job("stops", "concluded");
        client.execute("job-dismiss", json!({"id": "stops"}));

        client.execute(command, copied("bad", "source", "full", json!({})));
        // While a mirror uses the source, no other job on the source can start.
        if command == "blockdev-mirror" {
            client.wait_for_job("bad", "concluded");
        }
        backup(&mut client, "good", "source", "target");
        let error = "No space left on device";
        assert_only_one_failed(daemon, &mut client, error, &["full", "window"]);
    }
}

#[test]
fn an_unreadable_block_fails_one_job_only() {
    let folder = folder();
    corrupt_cluster(&folder.path().join("image"), 20);
    let mut nodes = sound_nodes();
    nodes.push(node(Format::Qcow2, "image", ""));
    nodes.push("null-co,node-name=null,size=4194304".to_owned());
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    backup(&mut client, "bad", "image", "null");
    backup(&mut client, "good", "source", "target");
    assert_only_one_failed(daemon, &mut client, "Input/output error", &["image", "null"]);
}

#[test]
fn a_corrupt_image_is_marked_and_fails_one_job_only() {
    let folder = folder();
    corrupt_cluster(&folder.path().join("image"), 20);
    let mut nodes = sound_nodes();
    nodes.push(node(Format::Qcow2, "image", ""));
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    let mut watcher = daemon.client();
    let arguments = copied("bad", "source", "image", json!({}));
    client.execute("blockdev-mirror", arguments);
    client.wait_for_job("bad", "concluded");
    let mut event = watcher.message();
    while event["event"] != "BLOCK_IMAGE_CORRUPTED" {
        event = watcher.message();
    }
    let data = &event["data"];
    let message = data["msg"].as_str().unwrap();
    assert!(message.ends_with(" unaligned (guest offset: 0x140000)"), "{message}");
    let others = json!({"device": "", "node-name": "image", "msg": message, "fatal": true});
    assert_eq!(data, &others);
    let header = fs::read(daemon.path("image")).unwrap();
    assert_eq!(header[79] & 2, 2, "the image is marked as corrupt");
    backup(&mut client, "good", "source", "target");
    assert_only_one_failed(daemon, &mut client, "Input/output error", &["image"]);
}

#[test]
fn a_truncated_image_is_refused_and_leaves_nothing_behind() {
    for length in [0, 3, 71, 103, 600] {
        let folder = folder();
        let image = File::options().write(true).open(folder.path().join("image")).unwrap();
        image.set_len(length).unwrap();
        let (daemon, mut client) = Daemon::with_nodes(folder, &sound_nodes());
        let file = json!({"driver": "file", "filename": daemon.path("image")});
        let node = json!({"driver": "qcow2", "node-name": "n", "file": file});
        let before = client.execute("query-named-block-nodes", json!({}));
        let reply = client.ask("blockdev-add", node);
        // Missing data after the header read as zeroes, so that the image is valid and empty.
        assert_eq!(reply.get("error").is_some(), length < 104, "{length}: {reply}");
        if length < 104 {
            assert_eq!(client.execute("query-named-block-nodes", json!({})), before);
        } else {
            client.execute("blockdev-del", json!({"node-name": "n"}));
        }
    }
}
