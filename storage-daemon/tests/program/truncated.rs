//! Images that are cut off while they are open. As in QEMU, what is missing reads as zeroes, unless
//! it was compressed: then the job that needs it fails, and nothing else does.

use std::fs::{self, File};
use std::path::Path;

use block::create::Qcow2Create;
use block::nodes::{Graph, Node};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRefOrNull};
use serde_json::{Value, json};

use crate::program::{Client, Daemon, copy};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 4 * MIB;

/// What the images hold: nothing twice within a cluster, and yet not at random.
fn contents() -> Vec<u8> {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 & 0x3f | 1
    };
    (0..SIZE).map(|_| byte()).collect()
}

fn file(path: &Path) -> BlockdevOptions {
    BlockdevOptions::file(path.to_str().unwrap())
}

/// Makes an image, and gives it its contents if it is to have any.
fn make(path: &Path, compressed: Option<bool>) {
    File::create(path).unwrap();
    let graph = Graph::new();
    Qcow2Create::new(file(path), SIZE).create(&graph).unwrap();
    let Some(compressed) = compressed else { return };
    let options = BlockdevOptionsQcow2::new(file(path)).backing(BlockdevRefOrNull::NONE);
    let node = graph.add(&BlockdevOptions::from(options).named("n")).unwrap();
    let written = if compressed { Node::write_compressed } else { Node::write };
    written(&node, 0, &contents()).unwrap();
    drop(node);
    graph.remove("n").unwrap();
}

/// A daemon with the chain `top`, `image` and `base`, of which only the one in the middle holds
/// anything, with nodes to copy to, and with a sound copy of it.
fn daemon(compressed: bool) -> (Daemon, Client) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["top", "base", "target", "other"] {
        make(&folder.path().join(name), None);
    }
    make(&folder.path().join("image"), Some(compressed));
    fs::write(folder.path().join("sound"), contents()).unwrap();
    let node = |name: &str, backing: &str| {
        let file = format!("file.driver=file,file.filename=$DIR/{name}");
        format!("qcow2,node-name={name},{file}{backing}")
    };
    let nodes = [
        node("base", ""),
        node("image", ",backing=base"),
        node("top", ",backing=image"),
        node("target", ""),
        node("other", ""),
        "raw,node-name=sound,file.driver=file,file.filename=$DIR/sound".to_owned(),
    ];
    let arguments: Vec<&str> =
        nodes.iter().flat_map(|node| ["--blockdev", node.as_str()]).collect();
    let daemon = Daemon::start_in(folder, &arguments);
    let image = File::options().write(true).open(daemon.path("image")).unwrap();
    let length = image.metadata().unwrap().len();
    image.set_len(length / 2 / 65536 * 65536).unwrap();
    let client = daemon.client();
    (daemon, client)
}

/// The jobs that read the image, each with its arguments.
fn jobs() -> [(&'static str, Value); 3] {
    let id = json!({"job-id": "bad", "auto-dismiss": false});
    let with = |more: Value| {
        let mut arguments = id.clone();
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    [
        ("blockdev-backup", copy(with(json!({"device": "image", "target": "target"})))),
        ("block-stream", with(json!({"device": "top"}))),
        (
            "block-commit",
            with(json!({"device": "top", "top-node": "image", "base-node": "base"})),
        ),
    ]
}

#[test]
fn compressed_data_that_are_missing_fail_one_job_only() {
    for (command, arguments) in jobs() {
        let (mut daemon, mut client) = daemon(true);
        client.execute(command, arguments);
        let good = json!({"job-id": "good", "device": "sound", "target": "other"});
        let mut good = copy(good);
        good["auto-dismiss"] = false.into();
        client.execute("blockdev-backup", good);
        let failed = client.wait_for_job("bad", "concluded");
        assert_eq!(failed["error"], "Input/output error", "{command}");
        assert_eq!(client.wait_for_job("good", "concluded").get("error"), None);
        for id in ["bad", "good"] {
            client.execute("job-dismiss", json!({"id": id}));
        }
        for node in ["top", "image", "base", "target", "other", "sound"] {
            client.execute("blockdev-del", json!({"node-name": node}));
        }
        client.execute("quit", json!({}));
        assert!(daemon.ended().success());
    }
}

#[test]
fn other_data_that_are_missing_are_zeroes() {
    for (command, arguments) in jobs() {
        let (mut daemon, mut client) = daemon(false);
        client.execute(command, arguments);
        let job = client.wait_for_job("bad", "concluded");
        assert_eq!(job.get("error"), None, "{command}");
        client.execute("quit", json!({}));
        assert!(daemon.ended().success());
        let name = match command {
            "blockdev-backup" => "target",
            "block-stream" => "top",
            _commit => "base",
        };
        let graph = Graph::new();
        let options =
            BlockdevOptionsQcow2::new(file(&daemon.path(name))).backing(BlockdevRefOrNull::NONE);
        let node = BlockdevOptions::from(options).named("n");
        let node = graph.add(&node).unwrap();
        let mut found = vec![1; SIZE as usize];
        node.read(0, &mut found).unwrap();
        let rest = found.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        assert!(rest < SIZE as usize, "{command}: nothing is missing");
        assert!(found[..rest] == contents()[..rest], "{command}: what is there is other");
    }
}
