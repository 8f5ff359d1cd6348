//! An image that is slow to open or to close blocks no other user of the graph.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use block::nodes::{Graph, NodeUse, Operation};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRef, BlockdevRefOrNull};
use block::testing::Gate;

/// How long a test waits for an event that is certain to happen.
const TIME_OUT: Duration = Duration::from_secs(60);

/// Uses the graph like the main loop, which must not wait for an image.
fn use_like_main_loop(graph: &Graph) {
    let node = graph.get("other").expect("it is there");
    assert!(graph.get("slow").is_none(), "it is not open yet, or no longer");
    assert!(graph.nodes().iter().all(|node| node.name() != "slow"));
    graph.check_free(&node, Operation::BackupSource).expect("it is free");
    drop(graph.reserve("backup", "j0", [NodeUse::source(node)]).expect("it is free"));
}

fn null(name: &str) -> BlockdevOptions {
    BlockdevOptions::null_co(1 << 30).named(name)
}

fn graph_with_other() -> Graph {
    let graph = Graph::new();
    graph.add(&null("other")).expect("it can be opened");
    graph
}

/// Runs work that must not wait, with a time-out.
fn without_waiting(graph: &Graph, work: impl FnOnce(&Graph) + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let graph = graph.clone();
    thread::spawn(move || {
        work(&graph);
        done.send(()).expect("the test waits");
    });
    is_done.recv_timeout(TIME_OUT).expect("the graph is usable meanwhile");
}

#[test]
fn an_image_that_is_slow_to_close_blocks_no_other_user() {
    let graph = graph_with_other();
    let gate = Gate::shut(1 << 20);
    gate.add_to(&graph, "slow");
    let closing = {
        let graph = graph.clone();
        thread::spawn(move || graph.remove("slow").map_err(|error| error.to_string()))
    };
    gate.wait_for(1);
    without_waiting(&graph, |graph| {
        use_like_main_loop(graph);
        let gone = graph.remove("slow").expect_err("it is being closed").to_string();
        assert_eq!(gone, "Failed to find node with node-name='slow'");
        let taken =
            graph.add(&null("slow")).expect_err("the closing node occupies the name").to_string();
        assert_eq!(taken, "Duplicate nodes with node-name='slow'");
    });
    gate.open();
    assert_eq!(closing.join().expect("no panic"), Ok(()));
    graph.add(&null("slow")).expect("the name is free again");
}

#[test]
fn an_image_that_is_slow_to_open_blocks_no_other_user() {
    let graph = graph_with_other();
    let gate = Gate::shut(1 << 20);
    gate.add_to(&graph, "file");
    let opening = {
        let (graph, file) = (graph.clone(), BlockdevRef::Reference("file".into()));
        let options = BlockdevOptionsQcow2::new(file).backing(BlockdevRefOrNull::NONE);
        let options = BlockdevOptions::from(options).named("slow");
        thread::spawn(move || graph.add(&options).map(drop).map_err(|error| error.to_string()))
    };
    gate.wait_for(1);
    without_waiting(&graph, |graph| {
        use_like_main_loop(graph);
        let taken = graph.add(&null("slow")).expect_err("the name is reserved").to_string();
        assert_eq!(taken, "Duplicate nodes with node-name='slow'");
        let used = graph.remove("file").expect_err("it is being read").to_string();
        assert_eq!(used, "Block device file is in use");
    });
    gate.open();
    let refused = opening.join().expect("no panic").expect_err("it contains zeroes");
    assert_eq!(refused, "Image is not in qcow2 format");
    graph.add(&null("slow")).expect("the name is free again");
    graph.remove("file").expect("it is unused");
}

#[test]
fn closing_all_waits_for_nodes_that_others_close() {
    let graph = graph_with_other();
    let gate = Gate::shut(1 << 20);
    gate.add_to(&graph, "slow");
    let others = graph.clone();
    let closing = thread::spawn(move || others.remove("slow").map_err(|e| e.to_string()));
    gate.wait_for(1);
    let all = graph.clone();
    let ending = thread::spawn(move || {
        all.remove_all();
        all.add(&null("slow")).map(drop).map_err(|error| error.to_string())
    });
    gate.open();
    assert_eq!(ending.join().expect("no panic"), Ok(()), "the slow node is closed first");
    assert_eq!(closing.join().expect("no panic"), Ok(()));
}
