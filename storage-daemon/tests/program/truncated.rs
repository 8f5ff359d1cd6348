//! Images that are truncated while they are open. As in QEMU, missing uncompressed data read as
//! zeroes. Missing compressed data are an error, which fails only the job that reads them.

use std::fs::{self, File};
use std::path::Path;

use block::nodes::{Graph, Node};
use serde_json::{Value, json};

use crate::support::daemon::{Client, Daemon, Format, copy, delete_nodes, merged, node};
use crate::support::images::{MIB, create_qcow2, qcow2_alone, read};

const SIZE: u64 = 4 * MIB;

/// The contents of an image: compressible, and without repetitions within a cluster.
fn contents() -> Vec<u8> {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 & 0x3f | 1
    };
    (0..SIZE).map(|_| byte()).collect()
}

/// Creates an image, and writes the contents to it, compressed or not. `None` leaves it empty.
fn create(path: &Path, compressed: Option<bool>) {
    create_qcow2(path, SIZE, |_image| {});
    let Some(compressed) = compressed else { return };
    let graph = Graph::new();
    let node = graph.add(&qcow2_alone(path)).unwrap();
    let write = if compressed { Node::write_compressed } else { Node::write };
    write(&node, 0, &contents()).unwrap();
    drop(node);
    graph.remove("n").unwrap();
}

/// A daemon with the chain `base`, `image` and `top`. Only `image` has contents, and it is
/// truncated after the daemon has opened it. Further nodes are the empty images `target` and
/// `other`, and `sound`, a raw image of the same contents.
fn daemon(compressed: bool) -> (Daemon, Client) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["top", "base", "target", "other"] {
        create(&folder.path().join(name), None);
    }
    create(&folder.path().join("image"), Some(compressed));
    fs::write(folder.path().join("sound"), contents()).unwrap();
    let nodes = [
        node(Format::Qcow2, "base", ""),
        node(Format::Qcow2, "image", ",backing=base"),
        node(Format::Qcow2, "top", ",backing=image"),
        node(Format::Qcow2, "target", ""),
        node(Format::Qcow2, "other", ""),
        node(Format::Raw, "sound", ""),
    ];
    let (daemon, client) = Daemon::with_nodes(folder, &nodes);
    let image = File::options().write(true).open(daemon.path("image")).unwrap();
    let length = image.metadata().unwrap().len();
    image.set_len(length / 2 / 65536 * 65536).unwrap();
    (daemon, client)
}

/// The jobs that read the image, each with its arguments.
fn jobs() -> [(&'static str, Value); 3] {
    let with = |more| merged(json!({"job-id": "bad", "auto-dismiss": false}), &more);
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
fn missing_compressed_data_fail_only_the_job_that_reads_them() {
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
        delete_nodes(&mut client, &["top", "image", "base", "target", "other", "sound"]);
        client.execute("quit", json!({}));
        assert!(daemon.ended().success());
    }
}

#[test]
fn other_missing_data_read_as_zeroes() {
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
        let found = read(qcow2_alone(&daemon.path(name)), SIZE);
        let rest = found.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        assert!(rest < SIZE as usize, "{command}: nothing is missing");
        assert!(found[..rest] == contents()[..rest], "{command}: the remaining data differ");
    }
}
