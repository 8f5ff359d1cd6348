//! Backups and transactions: refused commands leave nothing behind; clients see the nodes and the
//! progress of a running backup.

use std::fs;

use serde_json::{Value, json};

use crate::support::daemon::{
    Client, Daemon, Traces, assert_refused, copy, delete_nodes, wait_for, with_images,
};
use crate::support::images::MIB;

/// A daemon with images and their nodes.
fn daemon() -> (Daemon, Client) {
    let images = [("source", MIB), ("target", MIB), ("small", MIB / 2)];
    let null =
        ["null-co,node-name=null,size=1048576", "null-co,node-name=ro,size=1048576,read-only=on"];
    with_images(&images, &null)
}

#[test]
fn refused_backups_leave_nothing_behind() {
    let (daemon, mut client) = daemon();
    let no_state = "Could not create node: Cannot create block-copy-state";
    let cases: &[(Value, &str)] = &[
        (json!({"device": "x"}), "Cannot find device='x' nor node-name='x'"),
        (json!({"target": "x"}), "Cannot find device='x' nor node-name='x'"),
        (json!({"target": "source"}), "Source and target cannot be the same"),
        (json!({"target": "small"}), "Source and target image have different sizes"),
        (json!({"target": "ro"}), "Could not create node: Block node is read-only"),
        (json!({"job-id": "0"}), "Invalid job ID '0'"),
        (json!({"speed": -1}), "Parameter 'speed' expects a non-negative value"),
        (json!({"bitmap": "b"}), "Bitmap 'b' could not be found"),
        (json!({"bitmap-mode": "never"}), "Cannot specify bitmap sync mode without a bitmap"),
        (
            json!({"sync": "incremental"}),
            "must provide a valid bitmap name for 'incremental' sync mode",
        ),
        (
            json!({"sync": "incremental", "bitmap": "b", "bitmap-mode": "never"}),
            "Bitmap sync mode must be 'on-success' when using sync mode 'incremental'",
        ),
        (json!({"compress": true}), "Compression is not supported for this drive "),
        (json!({"x-perf": {"max-workers": 0}}), "max-workers must be between 1 and 2147483647"),
        (
            json!({"x-perf": {"max-chunk": -1}}),
            "max-chunk must be zero (which means no limit) or positive",
        ),
        (
            json!({"x-perf": {"max-chunk": 1024}}),
            "Required max-chunk (1024) is less than backup cluster size (65536)",
        ),
        (
            json!({"x-perf": {"max-chunk": 65536, "min-cluster-size": 1 << 17}}),
            "Required max-chunk (65536) is less than backup cluster size (131072)",
        ),
        (
            json!({"x-perf": {"min-cluster-size": 5}}),
            &format!("{no_state}: min-cluster-size needs to be a power of 2"),
        ),
        (
            json!({"x-perf": {"min-cluster-size": 1_u64 << 40}}),
            &format!("{no_state}: min-cluster-size is too large: 1099511627776 > 1073741824"),
        ),
        (
            json!({"filter-node-name": "source"}),
            "Could not create node: Duplicate nodes with node-name='source'",
        ),
        (json!({"filter-node-name": "0"}), "Could not create node: Invalid node-name: '0'"),
    ];
    assert_refused((&daemon, &mut client), "blockdev-backup", &copy(json!({})), cases);
    delete_nodes(&mut client, &["source", "target"]);
}

#[test]
fn refused_backups_to_files_leave_nothing_behind() {
    let (daemon, mut client) = daemon();
    fs::write(daemon.path("plain"), vec![0; MIB as usize]).unwrap();
    let path = |name: &str| daemon.path(name).display().to_string();
    let (new, plain) = (path("new"), path("plain"));
    let missing = format!("Could not open '{new}': No such file or directory");
    let nowhere = path("no/new");
    let cannot_create = format!("Could not create '{nowhere}': No such file or directory");
    let cases: &[(Value, &str)] = &[
        (json!({"device": "x"}), "Cannot find device='x' nor node-name='x'"),
        (json!({"format": "x"}), "Unknown file format 'x'"),
        (json!({"format": "null-co"}), "Format driver 'null-co' does not support image creation"),
        (json!({"target": path("source")}), "Failed to get shared \"write\" lock"),
        (json!({"sync": "none"}), "Backing file not supported for file format 'raw'"),
        (json!({"target": "x:y"}), "Unknown protocol 'x'"),
        (json!({"mode": "existing"}), &missing),
        (json!({"target": nowhere}), &cannot_create),
        (
            json!({"target": plain, "format": "qcow2", "mode": "existing"}),
            "Image is not in qcow2 format",
        ),
        (json!({"job-id": "0", "format": "qcow2"}), "Invalid job ID '0'"),
        (
            json!({"speed": -1, "format": "qcow2"}),
            "Parameter 'speed' expects a non-negative value",
        ),
        (json!({"bitmap": "b"}), "Bitmap 'b' could not be found"),
    ];
    let arguments = copy(json!({"target": new}));
    assert_refused((&daemon, &mut client), "drive-backup", &arguments, cases);
    assert_eq!(fs::read(daemon.path("source")).unwrap(), vec![7; MIB as usize]);
}

#[test]
fn transactions_that_fail_undo_all_their_actions() {
    let (daemon, mut client) = daemon();
    let before = Traces::of(&daemon, &mut client);
    let new = daemon.path("new").display().to_string();
    let node = json!({"type": "blockdev-backup", "data": copy(json!({}))});
    let file = json!({"job-id": "j1", "target": new, "format": "qcow2"});
    let file = json!({"type": "drive-backup", "data": copy(file)});
    let abort = json!({"type": "abort", "data": {}});
    let unknown = json!({"job-id": "j2", "device": "x"});
    let unknown = json!({"type": "blockdev-backup", "data": copy(unknown)});
    let twice = json!({"type": "blockdev-backup", "data": copy(json!({"target": "null"}))});
    let grouped = json!({"completion-mode": "grouped"});
    for (last, properties, expected) in [
        (&abort, json!({}), "Transaction aborted using Abort action"),
        (&unknown, json!({}), "Cannot find device='x' nor node-name='x'"),
        (&unknown, grouped.clone(), "Cannot find device='x' nor node-name='x'"),
        (&twice, grouped.clone(), "Job ID 'j0' already in use"),
        (
            &abort,
            grouped,
            "Action 'abort' does not support transaction property completion-mode = grouped",
        ),
    ] {
        let actions = json!({"actions": [node, file, last], "properties": properties});
        assert_eq!(client.refused("transaction", actions), expected);
        assert!(Traces::of(&daemon, &mut client) == before, "{expected}: something is left");
    }
}

#[test]
fn a_backup_with_sync_none_runs_until_it_is_cancelled() {
    let (_daemon, mut client) = daemon();
    let named = json!({"sync": "none", "filter-node-name": "watch"});
    client.execute("blockdev-backup", copy(named));
    let nodes = client.execute("query-named-block-nodes", json!({}));
    let filter = &nodes[0];
    assert_eq!(filter["node-name"], "watch");
    assert_eq!(
        (&filter["drv"], &filter["backing_file_depth"]),
        (&json!("copy-before-write"), &json!(1))
    );
    assert_eq!(filter["image"]["format"], "copy-before-write");
    assert_eq!(filter["image"]["backing-image"]["format"], "raw");
    let busy =
        |node| format!("Node '{node}' is busy: block device is in use by block job: backup");
    for (node, expected) in [
        ("source", "Block device source is in use".to_owned()),
        ("target", busy("target")),
        ("watch", busy("watch")),
    ] {
        assert_eq!(client.refused("blockdev-del", json!({"node-name": node})), expected);
    }
    let job = client.wait_for_job("j0", "running");
    assert_eq!((&job["current-progress"], &job["total-progress"]), (&json!(0), &json!(MIB)));
    client.execute("job-cancel", json!({"id": "j0"}));
    wait_for("the job to be gone", || {
        let jobs = client.execute("query-jobs", json!({}));
        jobs.as_array().unwrap().is_empty().then_some(())
    });
    delete_nodes(&mut client, &["source", "target"]);
}
