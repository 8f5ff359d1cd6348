//! Images are consistent after a job, however the job ends.

use std::path::Path;

use block::nodes::Graph;
use block::options::BlockdevOptions;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::daemon::{Client, Daemon, Format, node, wait_for};
use crate::support::images::{
    assert_consistent, corrupt_cluster, create_qcow2, file, read, set_backing,
};

const SIZE: usize = 4 << 20;
/// A rate limit in bytes per second. No job ends at this speed before the test cancels it.
const SLOW: u64 = 64 * 1024;
/// The range that each image of the chain has allocated, and the byte in it.
const ALLOCATED: [(&str, std::ops::Range<usize>, u8); 3] =
    [("base", 0..SIZE, 1), ("mid", 512 << 10..3584 << 10, 2), ("top", 1 << 20..3 << 20, 3)];

/// A kind of job.
struct Kind {
    name: &'static str,
    command: &'static str,
    arguments: Value,
    /// Whether the job becomes ready, and a client must complete it.
    becomes_ready: bool,
    /// An image that the job reads, and the number of a cluster of that image that the job needs.
    read: (&'static str, u64),
}

/// How a job ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Completed,
    Cancelled,
    /// The daemon ends while the job runs.
    Interrupted,
    /// The job reads a corrupt cluster.
    Failed,
}

fn kinds() -> [Kind; 5] {
    let kind = |name, command, arguments, becomes_ready, read| Kind {
        name,
        command,
        arguments,
        becomes_ready,
        read,
    };
    let copy = json!({"device": "top", "target": "target", "sync": "full"});
    let middle = json!({"device": "top", "top-node": "mid"});
    [
        kind("backup", "blockdev-backup", copy.clone(), false, ("top", 20)),
        kind("mirror", "blockdev-mirror", copy, true, ("top", 20)),
        kind("stream", "block-stream", json!({"device": "top"}), false, ("mid", 10)),
        kind("commit", "block-commit", middle, false, ("mid", 10)),
        kind("active commit", "block-commit", json!({"device": "top"}), true, ("top", 20)),
    ]
}

/// The options of a qcow2 node `n`, with the backing node that the image names.
fn qcow2(path: &Path) -> BlockdevOptions {
    BlockdevOptions::qcow2(file(path)).named("n")
}

/// A folder with the chain `base`, `mid` and `top`, and an empty image `target`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let graph = Graph::new();
    let mut backing = None;
    for (name, range, byte) in ALLOCATED.into_iter().chain([("target", 0..0, 0)]) {
        let path = folder.path().join(name);
        let below = backing.replace(path.to_str().unwrap().to_owned());
        let below = below.filter(|_| name != "target");
        create_qcow2(&path, SIZE as u64, |image| set_backing(image, below.as_deref()));
        let node = graph.add(&qcow2(&path)).unwrap();
        node.write(range.start as u64, &vec![byte; range.len()]).unwrap();
        graph.remove("n").unwrap();
    }
    folder
}

/// The contents that the topmost image shows.
fn shown() -> Vec<u8> {
    let mut bytes = vec![0; SIZE];
    for (_, range, byte) in ALLOCATED {
        bytes[range].fill(byte);
    }
    bytes
}

/// A daemon with a node for each image. `corrupt` names an image, and a cluster of it to corrupt.
fn start(corrupt: Option<(&str, u64)>) -> Daemon {
    let folder = folder();
    if let Some((name, cluster)) = corrupt {
        corrupt_cluster(&folder.path().join(name), cluster);
    }
    let nodes = [
        node(Format::Qcow2, "base", ""),
        node(Format::Qcow2, "mid", ",backing=base"),
        node(Format::Qcow2, "top", ",backing=mid"),
        node(Format::Qcow2, "target", ""),
    ];
    Daemon::with_nodes(folder, &nodes).0
}

/// Waits until the job makes progress.
fn wait_for_progress(client: &mut Client) {
    wait_for("the job to make progress", || {
        let jobs = client.execute("query-jobs", json!({}));
        let progress = jobs[0]["current-progress"].as_u64().unwrap();
        (jobs[0]["status"] == "running" && progress > 0).then_some(())
    });
}

/// Runs a job until it ends in this way, and then ends the daemon.
fn run(daemon: &Daemon, kind: &Kind, end: End) {
    let mut client = daemon.client();
    let mut arguments = kind.arguments.clone();
    arguments["job-id"] = json!("j");
    arguments["auto-dismiss"] = json!(false);
    if matches!(end, End::Cancelled | End::Interrupted) {
        arguments["speed"] = json!(SLOW);
    }
    client.execute(kind.command, arguments);
    let error = match end {
        End::Completed => {
            if kind.becomes_ready {
                client.wait_for_job("j", "ready");
                client.execute("job-complete", json!({"id": "j"}));
            }
            Some(None)
        }
        End::Cancelled => {
            wait_for_progress(&mut client);
            client.execute("job-cancel", json!({"id": "j"}));
            Some(Some("Operation canceled"))
        }
        End::Failed => Some(Some("Input/output error")),
        End::Interrupted => {
            wait_for_progress(&mut client);
            None
        }
    };
    if let Some(error) = error {
        let job = client.wait_for_job("j", "concluded");
        assert_eq!(job.get("error").and_then(Value::as_str), error, "{} {end:?}", kind.name);
    }
    client.execute("quit", json!({}));
}

#[test]
fn images_are_consistent_however_a_job_ends() {
    let ends = [End::Completed, End::Cancelled, End::Interrupted, End::Failed];
    for (kind, end) in kinds().iter().flat_map(|kind| ends.map(|end| (kind, end))) {
        let corrupt = (end == End::Failed).then_some(kind.read);
        let mut daemon = start(corrupt);
        run(&daemon, kind, end);
        assert!(daemon.ended().success(), "{} {end:?}", kind.name);
        for image in ["base", "mid", "top", "target"] {
            if corrupt.is_none_or(|(name, _)| name != image) {
                assert_consistent(&daemon.path(image));
            }
        }
        if end == End::Failed {
            continue;
        }
        assert!(
            read(qcow2(&daemon.path("top")), SIZE as u64) == shown(),
            "{} {end:?}",
            kind.name
        );
        let copies = kind.arguments.get("target").is_some();
        if copies && end == End::Completed {
            assert!(read(qcow2(&daemon.path("target")), SIZE as u64) == shown(), "{}", kind.name);
        }
    }
}
