//! Images are whole after a job, however it ended.

use std::fs::File;
use std::path::Path;

use block::create::Qcow2Create;
use block::nodes::Graph;
use block::options::BlockdevOptions;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::faults::spoil;
use crate::program::{Client, Daemon, assert_sound, wait_for};

const SIZE: usize = 4 << 20;
/// So slow that a job is never over before it is told to end.
const SLOW: u64 = 64 * 1024;
/// What each image of the chain holds itself, and with which byte.
const HELD: [(&str, std::ops::Range<usize>, u8); 3] =
    [("base", 0..SIZE, 1), ("mid", 512 << 10..3584 << 10, 2), ("top", 1 << 20..3 << 20, 3)];

/// A kind of job.
struct Kind {
    name: &'static str,
    command: &'static str,
    arguments: Value,
    /// Whether it is told when to complete.
    gets_ready: bool,
    /// The image that it reads, and a cluster of that which it needs.
    read: (&'static str, u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Completed,
    Cancelled,
    Interrupted,
    Failed,
}

fn kinds() -> [Kind; 5] {
    let kind = |name, command, arguments, gets_ready, read| Kind {
        name,
        command,
        arguments,
        gets_ready,
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

fn image(path: &Path) -> BlockdevOptions {
    let file = BlockdevOptions::file(path.to_str().unwrap());
    BlockdevOptions::qcow2(file).named("n")
}

/// A folder with a chain of three images, each with something of its own, and an empty one.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let graph = Graph::new();
    let mut backing = None;
    let held = HELD.into_iter().chain([("target", 0..0, 0)]);
    for (name, range, byte) in held {
        let path = folder.path().join(name);
        File::create(&path).unwrap();
        let file = BlockdevOptions::file(path.to_str().unwrap());
        let mut new = Qcow2Create::new(file, SIZE as u64);
        if name != "target" {
            new.backing_format = backing.as_ref().map(|_| "qcow2".into());
            new.backing_file = backing.replace(path.to_str().unwrap().to_owned());
        }
        new.create(&graph).unwrap();
        let node = graph.add(&image(&path)).unwrap();
        node.write(range.start as u64, &vec![byte; range.len()]).unwrap();
        graph.remove("n").unwrap();
    }
    folder
}

/// What a user of the topmost image sees.
fn shown() -> Vec<u8> {
    let mut bytes = vec![0; SIZE];
    for (_, range, byte) in HELD {
        bytes[range].fill(byte);
    }
    bytes
}

fn contents(path: &Path) -> Vec<u8> {
    let graph = Graph::new();
    let node = graph.add(&image(path).read_only(true)).unwrap();
    let mut bytes = vec![0; SIZE];
    node.read(0, &mut bytes).unwrap();
    bytes
}

/// A daemon that has all images open, perhaps one of which a cluster cannot be read.
fn start(spoiled: Option<(&str, u64)>) -> Daemon {
    let folder = folder();
    if let Some((name, cluster)) = spoiled {
        spoil(&folder.path().join(name), cluster);
    }
    let node = |name: &str, backing: &str| {
        format!("qcow2,node-name={name},file.driver=file,file.filename=$DIR/{name}{backing}")
    };
    let nodes = [
        node("base", ""),
        node("mid", ",backing=base"),
        node("top", ",backing=mid"),
        node("target", ""),
    ];
    let arguments: Vec<&str> =
        nodes.iter().flat_map(|node| ["--blockdev", node.as_str()]).collect();
    Daemon::start_in(folder, &arguments)
}

fn wait_until_at_work(client: &mut Client) {
    wait_for("the job to make progress", || {
        let jobs = client.execute("query-jobs", json!({}));
        let progress = jobs[0]["current-progress"].as_u64().unwrap();
        (jobs[0]["status"] == "running" && progress > 0).then_some(())
    });
}

/// Has a job of a kind come to an end.
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
            if kind.gets_ready {
                client.wait_for_job("j", "ready");
                client.execute("job-complete", json!({"id": "j"}));
            }
            Some(None)
        }
        End::Cancelled => {
            wait_until_at_work(&mut client);
            client.execute("job-cancel", json!({"id": "j"}));
            Some(Some("Operation canceled"))
        }
        End::Failed => Some(Some("Input/output error")),
        End::Interrupted => {
            wait_until_at_work(&mut client);
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
fn images_are_whole_however_a_job_ends() {
    let ends = [End::Completed, End::Cancelled, End::Interrupted, End::Failed];
    for (kind, end) in kinds().iter().flat_map(|kind| ends.map(|end| (kind, end))) {
        let spoiled = (end == End::Failed).then_some(kind.read);
        let mut daemon = start(spoiled);
        run(&daemon, kind, end);
        assert!(daemon.ended().success(), "{} {end:?}", kind.name);
        for image in ["base", "mid", "top", "target"] {
            if spoiled.is_none_or(|(name, _)| name != image) {
                assert_sound(&daemon.path(image));
            }
        }
        if end == End::Failed {
            continue;
        }
        assert!(contents(&daemon.path("top")) == shown(), "{} {end:?}", kind.name);
        let copies = kind.arguments.get("target").is_some();
        if copies && end == End::Completed {
            assert!(contents(&daemon.path("target")) == shown(), "{}", kind.name);
        }
    }
}
