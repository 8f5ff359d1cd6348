//! Exports over vhost-user: the commands. The protocol has its tests in `vhost-user-blk`.

use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::support::daemon::{merged, wait_for, with_images};

fn export(changes: &Value, socket: &str) -> Value {
    let address = json!({"type": "unix", "path": socket});
    let options = json!({"type": "vhost-user-blk", "id": "e", "node-name": "disk",
        "writable": true, "addr": address});
    merged(options, changes)
}

#[test]
fn exports_are_added_and_removed() {
    let (daemon, mut client) = with_images(&[("disk", 65536)], &[]);
    let path = daemon.path("vhost");
    let socket = path.to_str().unwrap();
    client.execute("block-export-add", export(&json!({"num-queues": 4}), socket));
    let known = client.execute("query-block-exports", json!({}));
    assert_eq!(
        known,
        json!([{"id": "e", "type": "vhost-user-blk", "node-name": "disk", "shutting-down": false}])
    );
    let mut front_end = UnixStream::connect(&path).unwrap();
    let in_use = "export 'e' still in use";
    wait_for("an export in use", || {
        let reply = client.ask("block-export-del", json!({"id": "e"}));
        // The export had not accepted the connection yet.
        if reply.get("return").is_some() {
            client.execute("block-export-add", export(&json!({}), socket));
            front_end = UnixStream::connect(&path).unwrap();
        }
        (reply["error"]["desc"] == in_use).then_some(())
    });
    client.execute("block-export-del", json!({"id": "e", "mode": "hard"}));
    assert!(!path.exists(), "the socket is removed with its export");
    assert_eq!(client.execute("query-block-exports", json!({})), json!([]));
    drop(front_end);
    client.execute("blockdev-del", json!({"node-name": "disk"}));
}

#[test]
fn options_are_checked_as_in_qemu() {
    let (daemon, mut client) = with_images(&[("disk", 65536)], &[]);
    let path = daemon.path("vhost");
    let socket = path.to_str().unwrap();
    let sizes = "parameter logical-block-size must be a power of 2 between 512 and 2097152";
    let inet = json!({"type": "inet", "host": "127.0.0.1", "port": "0"});
    let missing = json!({"type": "unix", "path": "/missing/socket"});
    for (changes, expected) in [
        (json!({"num-queues": 0}), "num-queues must be greater than 0"),
        (json!({"num-queues": 65}), "num-queues must not be greater than 64"),
        (json!({"logical-block-size": 511}), sizes),
        (json!({"logical-block-size": 1_u64 << 33}), sizes),
        (json!({"addr": inet}), "Only socket address types 'unix' and 'fd' are supported"),
        (
            json!({"addr": missing}),
            "Failed to bind socket to /missing/socket: No such file or directory",
        ),
        (json!({"name": "x"}), "Parameter 'name' is unexpected"),
    ] {
        let arguments = export(&changes, socket);
        assert_eq!(client.refused("block-export-add", arguments), expected, "{changes}");
    }
    assert!(!path.exists());
    client.execute("block-export-add", export(&json!({"logical-block-size": 0}), socket));
}
