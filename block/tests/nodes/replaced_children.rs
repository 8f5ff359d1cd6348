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

#[test]
fn a_reopened_node_is_stored_in_another_file() {
    let (fixture, _old, _new) = two_files();
    let node = fixture.add(qcow2(named("old")).named("n"));
    node.write(0, &noise(1, 64 * K)).expect("writable");
    fixture.graph.reopen(&[qcow2(named("new")).named("n")]).expect("the file can be replaced");
    assert_same(&contents(&node), &vec![0; M as usize]);
    node.write(64 * K, &noise(2, 64 * K)).expect("writable");
    fixture.graph.reopen(&[qcow2(named("old")).named("n")]).expect("the file can be replaced");
    assert_same(&contents(&node)[..64 * 1024], &noise(1, 64 * K));
    fixture.graph.remove("n").expect("it is unused");
    drop(node);
    for (name, offset, seed) in [("old", 0, 1), ("new", 64 * 1024, 2)] {
        assert_sound(&fixture.path(name));
        let image = fixture.add(qcow2(named(name)).named("check"));
        assert_same(&contents(&image)[offset..][..64 * 1024], &noise(seed, 64 * K));
        fixture.graph.remove("check").expect("it is unused");
    }
}

#[test]
fn a_raw_node_has_the_size_of_its_new_file() {
    let (fixture, old, _new) = two_files();
    fixture.write("small", &[7; 1024]);
    fixture.add(fixture.file("small").named("small"));
    let node = fixture.add(raw(named("old")).named("n"));
    fixture.graph.reopen(&[raw(named("small")).named("n")]).expect("the file can be replaced");
    assert_same(&contents(&node), &[7; 1024]);
    fixture.graph.remove("old").expect("it is unused");
    drop(old);
}

/// As in QEMU, all files are replaced at once, so that two images can exchange theirs.
#[test]
fn two_images_exchange_their_files() {
    let (fixture, old, new) = two_files();
    let (first, second) = (
        fixture.add(qcow2(named("old")).named("a")),
        fixture.add(qcow2(named("new")).named("b")),
    );
    first.write(0, &noise(1, 64 * K)).expect("writable");
    let exchanged = [qcow2(named("new")).named("a"), qcow2(named("old")).named("b")];
    fixture.graph.reopen(&exchanged).expect("the files can be exchanged");
    assert!(Arc::ptr_eq(&first.file().expect("a file"), &new));
    assert!(Arc::ptr_eq(&second.file().expect("a file"), &old));
    assert_same(&contents(&second)[..64 * 1024], &noise(1, 64 * K));
}

#[test]
fn refused_files_leave_a_node_unchanged() {
    let (fixture, old, _new) = two_files();
    let node = fixture.add(qcow2(named("old")).named("n"));
    fixture.add(raw(named("n")).read_only(true).named("above"));
    fixture.write("small", &[7; 1024]);
    fixture.add(fixture.file("small").read_only(true).named("protected"));
    fixture.add(raw(named("protected")).read_only(true).named("r"));
    let refused = |options: BlockdevOptions| {
        fixture.graph.reopen(&[options]).expect_err("it is refused").to_string()
    };
    for (name, text) in [
        ("nowhere", "Cannot find device='' nor node-name='nowhere'"),
        ("n", "Making 'n' a file child of 'n' would create a cycle"),
        ("above", "Making 'above' a file child of 'n' would create a cycle"),
        ("protected", "Block node is read-only"),
    ] {
        assert_eq!(refused(qcow2(named(name)).named("n")), text);
        assert!(Arc::ptr_eq(&node.file().expect("a file"), &old), "{name}");
    }
    let other_image = qcow2(named("protected")).read_only(true).named("n");
    assert_eq!(refused(other_image), "Image is not in qcow2 format");
    assert!(Arc::ptr_eq(&node.file().expect("a file"), &old));
    node.write(0, &noise(1, 64 * K)).expect("still writable");
    node.flush().expect("a flush");
}
