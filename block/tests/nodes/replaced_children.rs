//! Children that are replaced while the nodes above them are in use.

use std::sync::Arc;
use std::thread;

use block::nodes::Node;
use block::options::{BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsBlkdebug};

use crate::support::*;

/// A graph with two files of the same contents, and their nodes.
fn two_files() -> (Fixture, Arc<Node>, Arc<Node>) {
    let fixture = Fixture::new();
    fixture.format("old", |_options| {});
    std::fs::copy(fixture.path("old"), fixture.path("new")).expect("a file can be copied");
    let old = fixture.add(fixture.file("old").named("old"));
    let new = fixture.add(fixture.file("new").named("new"));
    (fixture, old, new)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

#[test]
fn parents_of_each_kind_follow_a_node_that_is_replaced() {
    let (fixture, old, new) = two_files();
    let options = Box::new(BlockdevOptionsBlkdebug::new(named("old")));
    let blkdebug = BlockdevOptions::new(BlockdevDriverOptions::Blkdebug(options));
    let above = [
        fixture.add(raw(named("old")).read_only(true).named("raw")),
        fixture.add(blkdebug.read_only(true).named("blkdebug")),
        fixture.add(qcow2(named("old")).read_only(true).named("qcow2")),
    ];
    let quiesced = runtime().block_on(old.quiesce());
    fixture.graph.replace(&quiesced, &new).expect("the permissions allow it");
    drop(quiesced);
    for node in &above {
        let file = node.file().expect("a file");
        assert!(Arc::ptr_eq(&file, &new), "{}", node.name());
    }
    fixture.graph.remove("old").expect("it is unused");
    let refused = fixture.graph.remove("new").expect_err("it is in use").to_string();
    assert_eq!(refused, "Block device new is in use");
    assert_same(&contents(&above[0]), &contents(&new));
    assert_same(&contents(&above[2]), &vec![0; M as usize]);
}

#[test]
fn a_write_that_waits_for_the_replacement_reaches_the_new_node() {
    let (fixture, old, new) = two_files();
    let above = fixture.add(qcow2(named("old")).named("qcow2"));
    let quiesced = runtime().block_on(old.quiesce());
    let writer = {
        let above = Arc::clone(&above);
        thread::spawn(move || above.write(0, &noise(7, 64 * K)))
    };
    fixture.graph.replace(&quiesced, &new).expect("the permissions allow it");
    drop(quiesced);
    writer.join().expect("no panic").expect("the write succeeds");
    above.flush().expect("a flush");
    fixture.graph.remove("qcow2").expect("it is unused");
    drop(above);
    assert_sound(&fixture.path("new"));
    let again = fixture.add(qcow2(named("new")).named("again"));
    assert_same(&contents(&again)[..64 * 1024], &noise(7, 64 * K));
    let former = fixture.add(qcow2(named("old")).named("former"));
    assert_same(&contents(&former), &vec![0; M as usize]);
}
