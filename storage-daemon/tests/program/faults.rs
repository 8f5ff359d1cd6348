//! Storage that fails: one job hears of it, and nothing else does.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use block::create::{Preallocation, Qcow2Create};
use block::nodes::Graph;
use block::options::BlockdevOptions;
use serde_json::{Value, json};

use crate::program::{Client, Daemon, copy};

const MIB: u64 = 1 << 20;

/// What is copied without a fault, beside what fails.
const SOUND: [&str; 4] = [
    "--blockdev",
    "raw,node-name=source,file.driver=file,file.filename=$DIR/source",
    "--blockdev",
    "raw,node-name=target,file.driver=file,file.filename=$DIR/target",
];

/// A folder with an image of 4 MiB, a file to copy it to, and an empty qcow2 image of that size.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let contents: Vec<u8> = (0..4 * MIB).map(|at| (at / 512 % 251) as u8 + 1).collect();
    fs::write(folder.path().join("source"), contents).unwrap();
    File::create(folder.path().join("target")).unwrap().set_len(4 * MIB).unwrap();
    let image = folder.path().join("image");
    File::create(&image).unwrap();
    let file = BlockdevOptions::file(image.to_str().unwrap());
    let mut image = Qcow2Create::new(file, 4 * MIB);
    image.preallocation = Preallocation::Metadata;
    image.create(&Graph::new()).unwrap();
    folder
}

/// The arguments of a copy that stays when it is over.
fn copied(id: &str, source: &str, target: &str, more: Value) -> Value {
    let mut changes = json!({
        "job-id": id, "device": source, "target": target, "auto-dismiss": false,
    });
    changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    copy(changes)
}

fn backup(client: &mut Client, id: &str, source: &str, target: &str) {
    client.execute("blockdev-backup", copied(id, source, target, json!({})));
}

/// Sees to it that one job failed, that the other did not, and that all nodes are free again.
fn assert_only_one_failed(mut daemon: Daemon, client: &mut Client, error: &str, nodes: &[&str]) {
    let failed = client.wait_for_job("bad", "concluded");
    assert_eq!(failed["error"], error);
    let succeeded = client.wait_for_job("good", "concluded");
    assert_eq!(succeeded.get("error"), None);
    let copy = fs::read(daemon.path("target")).unwrap();
    assert!(copy == fs::read(daemon.path("source")).unwrap(), "the copy is another");
    for id in ["bad", "good"] {
        client.execute("job-dismiss", json!({"id": id}));
    }
    for node in nodes.iter().chain(&["source", "target"]) {
        client.execute("blockdev-del", json!({"node-name": node}));
    }
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
}

/// A node that has no room for more than the tables of an image in it.
fn with_full_disk() -> (Daemon, Client) {
    // What the image needs to grow beyond its first MiB does not fit.
    let window = "raw,node-name=window,size=1048576,file.driver=file,file.filename=$DIR/small";
    let folder = folder();
    File::create(folder.path().join("small")).unwrap().set_len(MIB).unwrap();
    let mut arguments = SOUND.to_vec();
    arguments.extend(["--blockdev", window]);
    let daemon = Daemon::start_in(folder, &arguments);
    let mut client = daemon.client();
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
        // While a mirror has the source, nothing else starts on it.
        if command == "blockdev-mirror" {
            client.wait_for_job("bad", "concluded");
        }
        backup(&mut client, "good", "source", "target");
        let error = "No space left on device";
        assert_only_one_failed(daemon, &mut client, error, &["full", "window"]);
    }
}

/// Has the table that says where the clusters of a qcow2 image are point to where none can be.
pub(crate) fn spoil(image: &Path, cluster: u64) {
    let file = File::options().read(true).write(true).open(image).unwrap();
    let number = |offset| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, offset).unwrap();
        // Without the flags.
        u64::from_be_bytes(bytes) & 0x00ff_ffff_ffff_fe00
    };
    let (l1, flag) = (number(40), 1_u64 << 63);
    let entry = number(l1) + 8 * cluster;
    file.write_all_at(&((number(entry) + 512) | flag).to_be_bytes(), entry).unwrap();
}

#[test]
fn an_unreadable_block_fails_one_job_only() {
    let folder = folder();
    spoil(&folder.path().join("image"), 20);
    let mut arguments = SOUND.to_vec();
    let image = "qcow2,node-name=image,file.driver=file,file.filename=$DIR/image";
    arguments.extend(["--blockdev", image, "--blockdev", "null-co,node-name=null,size=4194304"]);
    let daemon = Daemon::start_in(folder, &arguments);
    let mut client = daemon.client();
    backup(&mut client, "bad", "image", "null");
    backup(&mut client, "good", "source", "target");
    assert_only_one_failed(daemon, &mut client, "Input/output error", &["image", "null"]);
}

#[test]
fn a_truncated_image_is_refused_and_nothing_else_is_disturbed() {
    for length in [0, 3, 71, 103, 600] {
        let folder = folder();
        let image = File::options().write(true).open(folder.path().join("image")).unwrap();
        image.set_len(length).unwrap();
        let daemon = Daemon::start_in(folder, &SOUND);
        let mut client = daemon.client();
        let file = json!({"driver": "file", "filename": daemon.path("image")});
        let node = json!({"driver": "qcow2", "node-name": "n", "file": file});
        let before = client.execute("query-named-block-nodes", json!({}));
        let reply = client.ask("blockdev-add", node);
        // Behind the header, what is missing reads as zeroes: an image that holds nothing.
        assert_eq!(reply.get("error").is_some(), length < 104, "{length}: {reply}");
        if length < 104 {
            assert_eq!(client.execute("query-named-block-nodes", json!({})), before);
        } else {
            client.execute("blockdev-del", json!({"node-name": "n"}));
        }
    }
}
