//! blkdebug nodes: their options, their filenames in queries, and flushes that fail.

use std::fs;

use serde_json::{Value, json};

use crate::support::daemon::{Client, Daemon, copy, merged};

fn daemon() -> (Daemon, Client) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plain"), [0; 4096]).unwrap();
    let daemon = Daemon::start_in(folder, &[]);
    let client = daemon.client();
    (daemon, client)
}

/// The options of a node: the members that every node needs, and `more` members.
fn options(daemon: &Daemon, more: &Value) -> Value {
    let path = daemon.path("plain");
    let options = json!({
        "driver": "blkdebug", "node-name": "n", "image": {"driver": "file", "filename": path},
    });
    merged(options, more)
}

#[test]
fn unsupported_options_are_refused() {
    let (daemon, mut client) = daemon();
    let rule =
        |member: &str, value: Value| json!({"inject-error": [{"event": "none", member: value}]});
    for (more, expected) in [
        (
            json!({"config": "rules"}),
            "Could not read blkdebug config file: No such file or directory",
        ),
        (json!({"align": 1000}), "Cannot meet constraints with align 1000"),
        (json!({"align": -1}), "Value '-1' is out of range for parameter 'align'"),
        (
            json!({"opt-write-zero": 1536}),
            "opt-write-zero is not supported by this program unless it is a power of 2",
        ),
        (rule("errno", json!(-3)), "Value '-3' is out of range for parameter 'errno'"),
        (
            rule("errno", json!(1_u64 << 32)),
            "Value '4294967296' is out of range for parameter 'errno'",
        ),
        (rule("sector", json!(-2)), "Value '-2' is out of range for parameter 'sector'"),
        (
            rule("event", json!("l2_load")),
            "Event 'l2_load' never comes in this program, so that no rule can wait for it",
        ),
        (
            json!({"set-state": [{"event": "cow_read", "new_state": 2}]}),
            "Event 'cow_read' never comes in this program, so that no rule can wait for it",
        ),
    ] {
        let answer = client.ask("blockdev-add", options(&daemon, &more));
        assert_eq!(answer["error"]["desc"], expected, "{more}");
    }
    let nodes = client.execute("query-named-block-nodes", json!({}));
    assert_eq!(nodes, json!([]), "something is left behind");
}

#[test]
fn the_filename_contains_the_rules() {
    let (daemon, mut client) = daemon();
    let path = daemon.path("plain").display().to_string();
    let image = format!("'image': {{'driver': 'file', 'filename': '{path}'}}");
    let name = |members: &[&str]| format!("json:{{{}}}", members.join(", ")).replace('\'', "\"");
    for (more, expected) in [
        (json!({}), format!("blkdebug::{path}")),
        (json!({"take-child-perms": ["write"]}), format!("blkdebug::{path}")),
        (
            json!({"max-transfer": 8192, "align": 4096, "max-discard": 65536,
                "opt-discard": 4096, "max-write-zero": 32768, "opt-write-zero": 16384}),
            name(&[
                "'opt-write-zero': 16384",
                "'max-write-zero': 32768",
                &image,
                "'max-transfer': 8192",
                "'driver': 'blkdebug'",
                "'opt-discard': 4096",
                "'max-discard': 65536",
                "'align': 4096",
            ]),
        ),
        (
            json!({
                "inject-error": [{"event": "read_aio", "sector": 3, "once": true, "errno": 28}],
                "set-state": [{"event": "none", "new_state": 2}],
            }),
            name(&[
                &image,
                "'driver': 'blkdebug'",
                "'inject-error.0.event': 'read_aio'",
                "'inject-error.0.errno': 28",
                "'inject-error.0.sector': 3",
                "'inject-error.0.once': true",
                "'set-state.0.event': 'none'",
                "'set-state.0.new_state': 2",
            ]),
        ),
    ] {
        client.execute("blockdev-add", options(&daemon, &more));
        let nodes = client.execute("query-named-block-nodes", json!({}));
        assert_eq!(nodes[1]["node-name"], "n");
        assert_eq!(nodes[1]["drv"], "blkdebug");
        assert_eq!(nodes[1]["file"], expected);
        assert_eq!(nodes[1]["image"]["backing-image"]["filename"], path);
        client.execute("blockdev-del", json!({"node-name": "n"}));
    }
}

/// A target whose first flush fails.
const FLUSH_FAILS: &str = r#"{"driver": "blkdebug", "node-name": "faulty",
    "image": {"driver": "file", "filename": "$DIR/target"},
    "inject-error": [{"event": "none", "iotype": "flush", "errno": 28, "once": true}]}"#;

#[test]
fn a_failed_flush_is_an_error_of_the_target() {
    for (policy, stops, error) in [
        ("report", false, Some("No space left on device")),
        ("ignore", false, None),
        ("stop", true, None),
        ("enospc", true, None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (name, byte) in [("source", 7), ("target", 0)] {
            fs::write(folder.path().join(name), [byte; 1 << 16]).unwrap();
        }
        let arguments = [
            "--blockdev",
            "driver=file,node-name=source,filename=$DIR/source",
            "--blockdev",
            FLUSH_FAILS,
            "--blockdev",
            "driver=raw,node-name=target,file=faulty",
        ];
        let daemon = Daemon::start_in(folder, &arguments);
        let mut client = daemon.client();
        let changes = json!({
            "job-id": "j0", "device": "source", "target": "target", "auto-dismiss": false,
            "on-target-error": policy,
        });
        client.execute("blockdev-backup", copy(changes));
        if stops {
            client.wait_for_job("j0", "paused");
            client.execute("job-resume", json!({"id": "j0"}));
        }
        let job = client.wait_for_job("j0", "concluded");
        assert_eq!(job.get("error").and_then(Value::as_str), error, "{policy}");
        assert_eq!(fs::read(daemon.path("target")).unwrap(), [7; 1 << 16], "{policy}");
    }
}
