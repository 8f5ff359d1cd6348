//! Internal snapshots, in turn with those of `qemu-img`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use block::image::qcow2::snapshots::NewSnapshot;
use block::nodes::Node;
use block::options::{BlockdevOptions, BlockdevOptionsQcow2};

use crate::support::*;

/// Images that differ in what snapshots touch: the options of `qemu-img create`.
const SHAPES: [&str; 6] = [
    "cluster_size=65536",
    "compat=0.10,cluster_size=4096",
    "cluster_size=512",
    "extended_l2=on,cluster_size=16384",
    "refcount_bits=64,cluster_size=4096",
    "cluster_size=256k,refcount_bits=8",
];

fn new(name: &str) -> NewSnapshot {
    NewSnapshot { name: name.to_owned(), ..NewSnapshot::default() }
}

fn qemu_img(arguments: &[&str]) {
    let output = run_peer("qemu-img", arguments).expect("QEMU is there");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn names(node: &Node) -> Vec<String> {
    let snapshots = node.internal_snapshots().expect("the format has snapshots");
    snapshots.iter().map(|one| one.name.clone()).collect()
}

/// An image that this library and `qemu-img` change in turn.
struct Shared {
    fixture: Fixture,
    /// The contents of each snapshot.
    expected: HashMap<String, Vec<u8>>,
    seed: u64,
}

impl Shared {
    fn path(&self) -> String {
        text(&self.fixture.path("disk"))
    }

    /// Opens the image, runs `work`, closes the image and checks it.
    fn with_node(&mut self, work: impl FnOnce(&Arc<Node>, &mut HashMap<String, Vec<u8>>)) {
        let options = qcow2(inline(self.fixture.file("disk"))).named("disk");
        let node = self.fixture.add(options);
        work(&node, &mut self.expected);
        drop(node);
        self.fixture.graph.remove_all();
        assert_sound(Path::new(&self.path()));
    }

    /// Writes data, zeroes and discards some, and creates a snapshot.
    fn create(&mut self, name: &str) {
        self.seed += 1;
        let seed = self.seed;
        self.with_node(|node, expected| {
            for number in 0..5 {
                let at = (seed * 7919 + number * 104_729) % (4 * M - 200 * K) / 512 * 512;
                node.write(at, &noise(seed + number, 100 * K)).expect("data can be written");
            }
            node.write_zeroes(seed * 64 * K, 96 * K).expect("zeroes can be written");
            let created = node.create_snapshot(&new(name)).expect("it can be created");
            assert_eq!(created.name, name);
            expected.insert(name.to_owned(), contents(node));
        });
    }

    fn revert(&mut self, name: &str) {
        self.with_node(|node, expected| {
            let found = node.find_snapshot(None, Some(name)).expect("it has snapshots");
            node.revert_to_snapshot(&found.expect("it is there").id).expect("it returns");
            assert_same(&contents(node), &expected[name]);
        });
    }

    fn delete(&mut self, name: &str) {
        self.with_node(|node, expected| {
            let before = contents(node);
            let found = node.find_snapshot(None, Some(name)).expect("it has snapshots");
            node.delete_snapshot(&found.expect("it is there").id).expect("it can be deleted");
            expected.remove(name);
            assert!(!names(node).contains(&name.to_owned()));
            assert_same(&contents(node), &before);
        });
    }

    /// Checks the contents of all snapshots with `qemu-img`.
    fn check_snapshots(&self) {
        for (name, expected) in &self.expected {
            let copy = text(&self.fixture.path("copy"));
            let snapshot = format!("snapshot.name={name}");
            qemu_img(&[
                "convert",
                "-f",
                "qcow2",
                "-l",
                &snapshot,
                "-O",
                "raw",
                &self.path(),
                &copy,
            ]);
            assert_same(&std::fs::read(&copy).expect("the copy can be read"), expected);
        }
    }
}

#[test]
fn snapshots_are_those_of_qemu() {
    if peer("qemu-img").is_none() {
        return;
    }
    for shape in SHAPES {
        let fixture = Fixture::new();
        let path = text(&fixture.path("disk"));
        qemu_img(&["create", "-q", "-f", "qcow2", "-o", shape, &path, "4M"]);
        let mut shared = Shared { fixture, expected: HashMap::new(), seed: 0 };
        shared.create("a");
        qemu_img(&["snapshot", "-c", "q", &path]);
        shared.create("b");
        shared.check_snapshots();
        shared.revert("a");
        shared.create("c");
        qemu_img(&["snapshot", "-a", "b", &path]);
        shared.with_node(|node, expected| assert_same(&contents(node), &expected["b"]));
        shared.delete("a");
        qemu_img(&["snapshot", "-d", "c", &path]);
        shared.expected.remove("c");
        shared.with_node(|node, _expected| assert_eq!(names(node), ["q", "b"]));
        shared.check_snapshots();
        shared.delete("q");
        shared.delete("b");
        shared.with_node(|node, _expected| assert_eq!(names(node), Vec::<String>::new()));
    }
}

#[test]
fn a_snapshot_has_the_size_of_its_moment() {
    let fixture = Fixture::new();
    fixture.format("disk", |image| image.size = M);
    let node = fixture.add(qcow2(inline(fixture.file("disk"))).named("disk"));
    node.write(0, &noise(1, M)).expect("data can be written");
    let small = node.create_snapshot(&new("small")).expect("created");
    // An L2 table covers 512 MiB.
    node.grow(600 * M).expect("it grows");
    node.write(599 * M, &noise(2, M)).expect("data can be written");
    let large = node.create_snapshot(&new("large")).expect("created");
    node.revert_to_snapshot(&small.id).expect("it returns");
    assert_same(&contents(&node), &noise(1, M));
    node.revert_to_snapshot(&large.id).expect("it returns");
    let mut end = vec![0; M as usize];
    node.read(599 * M, &mut end).expect("it can be read");
    assert_same(&end, &noise(2, M));
    drop(node);
    fixture.graph.remove_all();
    assert_sound(&fixture.path("disk"));
}

#[test]
fn nodes_without_snapshots_refuse_them() {
    let fixture = Fixture::new();
    fixture.format("disk", |_image| {});
    fixture.write("raw", &[0; 512]);
    let plain = fixture.add(raw(inline(fixture.file("raw"))).named("raw"));
    let options = qcow2(inline(fixture.file("disk").read_only(true)));
    let read_only = fixture.add(options.named("ro").read_only(true));
    let refused = |error: block::error::Error| error.to_string();
    assert!(!plain.can_snapshot() && !read_only.can_snapshot());
    assert_eq!(
        plain.internal_snapshots().map_err(refused).map(drop),
        Err("Failed to get a snapshot list: Operation not supported".to_owned())
    );
    let created = plain.create_snapshot(&new("x")).map_err(refused).map(drop);
    assert_eq!(created, Err("Operation not supported".to_owned()));
    let created = read_only.create_snapshot(&new("x")).map_err(refused).map(drop);
    assert_eq!(created, Err("Operation not permitted".to_owned()));
    assert_eq!(
        read_only.delete_snapshot("1").map_err(refused),
        Err("Failed to remove snapshot from snapshot list: Operation not permitted".to_owned())
    );
}

#[test]
fn the_space_of_a_deleted_snapshot_is_freed_in_the_file() {
    for (pass_discard_snapshot, is_freed) in
        [(None, true), (Some(true), true), (Some(false), false)]
    {
        let fixture = Fixture::new();
        let path = fixture.format("disk", |_image| {});
        let mut options = BlockdevOptionsQcow2::new(inline(fixture.file("disk")));
        options.pass_discard_snapshot = pass_discard_snapshot;
        let node = fixture.add(BlockdevOptions::from(options).named("disk"));
        node.write(0, &noise(1, M)).expect("it can be written");
        let first = node.create_snapshot(&new("first")).expect("it can be created");
        let contents_now = noise(2, M);
        node.write(0, &contents_now).expect("it can be written");
        node.flush().expect("it can be flushed");
        let before = node.allocated_size().expect("it is in a file");
        node.delete_snapshot(&first.id).expect("it exists");
        let after = node.allocated_size().expect("it is in a file");
        assert_eq!(after + M / 2 < before, is_freed, "{before} {after}");
        assert_same(&contents(&node), &contents_now);
        // The return to a snapshot frees the former contents.
        let second = node.create_snapshot(&new("second")).expect("it can be created");
        node.write(0, &noise(3, M)).expect("it can be written");
        node.flush().expect("it can be flushed");
        let before = node.allocated_size().expect("it is in a file");
        node.revert_to_snapshot(&second.id).expect("it exists");
        let after = node.allocated_size().expect("it is in a file");
        assert_eq!(after + M / 2 < before, is_freed, "{before} {after}");
        assert_same(&contents(&node), &contents_now);
        drop(node);
        fixture.graph.remove_all();
        assert_sound(&path);
    }
}
