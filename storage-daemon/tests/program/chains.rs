//! Jobs that work on one backing chain at the same time.

use std::path::Path;

use block::nodes::{Graph, NodeUse};
use serde_json::{Value, json};

use crate::support::daemon::{Client, Daemon, Format, merged, node};
use crate::support::images::{MIB, assert_consistent, create_qcow2, qcow2_alone, set_backing};

const CLUSTER: u64 = 65536;

/// Writes a cluster of data.
fn write(image: &Path, offset: u64) {
    let graph = Graph::new();
    let node = graph.add(&qcow2_alone(image)).unwrap();
    drop(graph.reserve_unnamed([NodeUse::target(node.clone())]).unwrap());
    node.write(offset, &[7; CLUSTER as usize]).unwrap();
    drop(node);
    graph.remove_all();
}

/// A daemon with the chain `n0` to `n8`, whose images have the size of one MiB.
fn daemon() -> (Daemon, Client) {
    let folder = tempfile::tempdir().unwrap();
    let mut nodes = Vec::new();
    for number in 0..9_usize {
        let below = number.checked_sub(1).map(|below| format!("n{below}"));
        let name = format!("n{number}");
        create_qcow2(&folder.path().join(&name), MIB, |image| {
            // An absolute name, as the daemon is given.
            let path =
                below.as_ref().map(|below| folder.path().join(below).display().to_string());
            set_backing(image, path.as_deref());
        });
        write(&folder.path().join(&name), number as u64 * CLUSTER);
        let backing = below.map_or_else(String::new, |below| format!(",backing={below}"));
        nodes.push(node(Format::Qcow2, &name, &backing));
    }
    Daemon::with_nodes(folder, &nodes)
}

/// The nodes of the chain, from `n8` downwards, as the daemon reports it.
fn chain(client: &mut Client) -> Vec<String> {
    let nodes = client.execute("query-named-block-nodes", json!({}));
    let nodes = nodes.as_array().unwrap();
    let top = nodes.iter().find(|node| node["node-name"] == "n8").unwrap();
    let mut image = &top["image"];
    let mut names = Vec::new();
    while let Some(filename) = image["filename"].as_str() {
        names.push(filename.rsplit('/').next().unwrap().to_owned());
        image = &image["backing-image"];
    }
    names
}

/// Reads events until a block job has ended. Returns the error of the job.
fn end_of_a_job(client: &mut Client) -> Option<Value> {
    loop {
        let message = client.message();
        if message["event"] == "BLOCK_JOB_COMPLETED" {
            return message["data"].get("error").cloned();
        }
    }
}

#[test]
fn streams_of_neighbouring_pairs_end_side_by_side() {
    let (mut daemon, mut client) = daemon();
    let tops = [2, 4, 6, 8];
    for top in tops {
        let bottom = format!("n{}", top - 1);
        let arguments = json!({"device": format!("n{top}"), "bottom": bottom, "speed": 1});
        client.execute("block-stream", merged(json!({"job-id": format!("j{top}")}), &arguments));
    }
    let (mut other, mut faults) = (daemon.client(), Vec::new());
    for top in tops {
        client.execute("block-job-set-speed", json!({"device": format!("j{top}"), "speed": 0}));
    }
    for _job in tops {
        faults.extend(end_of_a_job(&mut other));
    }
    assert_eq!(faults, Vec::<Value>::new());
    assert_eq!(chain(&mut client), ["n8", "n6", "n4", "n2", "n0"]);
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
    for number in 0..9 {
        assert_consistent(&daemon.path(&format!("n{number}")));
    }
}
