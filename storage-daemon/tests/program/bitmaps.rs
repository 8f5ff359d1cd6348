//! Dirty bitmaps: inputs on which QEMU's storage daemon ends, and backups with bitmaps to files.

use std::fs;

use serde_json::{Value, json};

use crate::support::daemon::{Client, Traces, copy, wait_for, with_images};
use crate::support::images::MIB;

/// The count of the bitmap `b` of the node `source`, and whether it is busy.
fn bitmap(client: &mut Client) -> (u64, bool) {
    let nodes = client.execute("query-named-block-nodes", json!({"flat": true}));
    let source = nodes.as_array().unwrap().iter().find(|node| node["node-name"] == "source");
    let all = source.unwrap()["dirty-bitmaps"].as_array().unwrap().clone();
    let found = all.iter().find(|bitmap| bitmap["name"] == "b").unwrap();
    (found["count"].as_u64().unwrap(), found["busy"].as_bool().unwrap())
}

#[test]
fn refused_changes_of_bitmaps_leave_nothing_behind() {
    let (daemon, mut client) = with_images(&[("source", MIB), ("small", MIB / 2)], &[]);
    for node in ["source", "small"] {
        client.execute("block-dirty-bitmap-add", json!({"node": node, "name": "b"}));
    }
    let before = Traces::of(&daemon, &mut client);
    let sizes = "Bitmaps are of different sizes (destination size is 1048576, source size is \
                 524288) and can't be merged";
    let cases: [(&str, Value, &str); 12] = [
        ("add", json!({"name": ""}), "Bitmap name cannot be empty"),
        ("add", json!({"node": "x"}), "Cannot find device='x' nor node-name='x'"),
        ("add", json!({}), "Bitmap already exists: b"),
        (
            "add",
            json!({"name": "n", "granularity": 1000}),
            "Granularity must be power of 2 and at least 512",
        ),
        (
            "add",
            json!({"name": "n", "persistent": true}),
            "Can't store persistent bitmaps to source: Operation not supported",
        ),
        ("remove", json!({"node": "x"}), "Node 'x' not found"),
        ("clear", json!({"name": "x"}), "Dirty bitmap 'x' not found"),
        ("enable", json!({"name": "x"}), "Dirty bitmap 'x' not found"),
        ("disable", json!({"node": "x"}), "Node 'x' not found"),
        ("merge", json!({"bitmaps": []}), "Parameter 'bitmaps' expects at least one bitmap"),
        ("merge", json!({"bitmaps": ["b", "x"]}), "Dirty bitmap 'x' not found"),
        ("merge", json!({"bitmaps": ["b", {"node": "small", "name": "b"}]}), sizes),
    ];
    for (verb, changes, expected) in cases {
        let mut arguments = match verb {
            "merge" => json!({"node": "source", "target": "b"}),
            _other => json!({"node": "source", "name": "b"}),
        };
        let changed = changes.as_object().unwrap().clone();
        arguments.as_object_mut().unwrap().extend(changed);
        let command = format!("block-dirty-bitmap-{verb}");
        assert_eq!(client.refused(&command, arguments.clone()), expected, "{verb}");
        // Earlier actions are undone.
        let clear = json!({"node": "source", "name": "b"});
        let add = json!({"node": "source", "name": "other"});
        let actions = json!([
            {"type": "block-dirty-bitmap-add", "data": add},
            {"type": "block-dirty-bitmap-clear", "data": clear},
            {"type": command, "data": arguments},
        ]);
        assert_eq!(client.refused("transaction", json!({"actions": actions})), expected);
        assert!(Traces::of(&daemon, &mut client) == before, "{verb}: something is left");
    }
}

#[test]
fn incremental_backups_to_files_copy_what_was_written_since() {
    let (daemon, mut client) = with_images(&[("source", MIB)], &[]);
    client.execute("block-dirty-bitmap-add", json!({"node": "source", "name": "b"}));
    let path = |name: &str| daemon.path(name).display().to_string();
    let write = |client: &mut Client, offset: u64| {
        let source = json!({"driver": "null-co", "size": MIB, "node-name": "zeroes"});
        client.execute("blockdev-add", source);
        let part = json!({
            "driver": "raw", "node-name": "part", "file": "source", "offset": offset, "size": 512,
        });
        client.execute("blockdev-add", part);
        let zeroes = json!({
            "driver": "raw", "node-name": "from", "file": "zeroes", "size": 512,
        });
        client.execute("blockdev-add", zeroes);
        let arguments =
            json!({"job-id": "w", "device": "from", "target": "part", "sync": "full"});
        client.execute("blockdev-backup", arguments);
        wait_for_end(client);
        for node in ["part", "from", "zeroes"] {
            client.execute("blockdev-del", json!({"node-name": node}));
        }
    };
    write(&mut client, 128 << 10);
    assert_eq!(bitmap(&mut client), (64 << 10, false));
    for (mode, left) in [("never", 64 << 10), ("on-success", 0)] {
        let target = path(mode);
        let arguments = copy(json!({
            "target": target, "format": "qcow2", "sync": "bitmap", "bitmap": "b",
            "bitmap-mode": mode,
        }));
        client.execute("drive-backup", arguments);
        wait_for_end(&mut client);
        assert_eq!(bitmap(&mut client), (left, false), "{mode}");
        let length = fs::metadata(daemon.path(mode)).unwrap().len();
        assert!(length < MIB, "{mode}: the target has one cluster of data: {length}");
    }
}

fn wait_for_end(client: &mut Client) {
    wait_for("the job to be gone", || {
        let jobs = client.execute("query-jobs", json!({}));
        jobs.as_array().unwrap().is_empty().then_some(())
    });
}
