//! Snapshots in transactions. Most tests are recorded scenarios: `scenarios`.

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::images::{MIB, create_qcow2};

#[test]
fn an_internal_snapshot_does_not_wait_for_its_own_transaction() {
    let folder = tempfile::tempdir().unwrap();
    create_qcow2(&folder.path().join("disk"), MIB, |_| {});
    let nodes = ["file,node-name=file,filename=$DIR/disk", "qcow2,node-name=disk,file=file"];
    let (_daemon, mut client) = Daemon::with_nodes(folder, &nodes.map(str::to_owned));
    let add = |node: &str| {
        let data = json!({"node": node, "name": "b"});
        json!({"type": "block-dirty-bitmap-add", "data": data})
    };
    let data = json!({"device": "disk", "name": "s"});
    let snapshot = json!({"type": "blockdev-snapshot-internal-sync", "data": data});
    for actions in [json!([add("file"), snapshot]), json!([snapshot, add("file")])] {
        let error = client.refused("transaction", json!({ "actions": actions }));
        let expected =
            "Node 'file' is below 'disk'; a transaction cannot contain actions for both";
        assert_eq!(error, expected);
    }
    client.execute("transaction", json!({"actions": [add("file"), add("disk")]}));
    client.execute("transaction", json!({ "actions": [snapshot] }));
}
