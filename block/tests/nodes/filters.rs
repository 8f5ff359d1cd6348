//! Filters that a client describes: copies on reads, compression, throttling, preallocation.

use std::sync::Arc;
use std::task::Poll;

use block::nodes::{BackingImages, Node};
use block::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsCor, BlockdevOptionsGenericFormat,
    BlockdevOptionsPreallocate, BlockdevOptionsThrottle, BlockdevRef, BlockdevRefOrNull,
};
use block::testing::Gate;
use block::throttle::{Scope, ThrottleLimits, Unit};

use crate::support::*;

fn throttle(group: &str, file: BlockdevRef) -> BlockdevOptions {
    let options = BlockdevOptionsThrottle { throttle_group: group.to_owned(), file };
    BlockdevOptions::new(BlockdevDriverOptions::Throttle(options))
}

pub(crate) fn preallocate(
    file: BlockdevRef,
    align: Option<i64>,
    size: Option<i64>,
) -> BlockdevOptions {
    BlockdevOptions::new(BlockdevDriverOptions::Preallocate(BlockdevOptionsPreallocate {
        format: BlockdevOptionsGenericFormat { file },
        prealloc_align: align,
        prealloc_size: size,
    }))
}

fn copy_on_read(file: BlockdevRef, bottom: &str) -> BlockdevOptions {
    let mut options = BlockdevOptionsCor::new(file);
    options.bottom = Some(bottom.to_owned());
    BlockdevOptions::new(BlockdevDriverOptions::CopyOnRead(options))
}

/// One filter of each driver above a node.
fn filters(file: &BlockdevRef) -> [(&'static str, BlockdevOptions); 4] {
    [
        ("compress", BlockdevOptions::compress(file.clone())),
        ("copy-on-read", BlockdevOptions::copy_on_read(file.clone())),
        ("preallocate", preallocate(file.clone(), None, None)),
        ("throttle", throttle("group", file.clone())),
    ]
}

fn overlay_of(file: BlockdevOptions, backing: &str) -> BlockdevOptions {
    with_backing(inline(file), Some(BlockdevRefOrNull::Reference(backing.to_owned())))
}

/// Three nodes on top of each other: `low` has data in its first 256 KiB, `middle` in the next 128
/// KiB, and `top` has none.
fn chain() -> (Fixture, Vec<u8>) {
    let fixture = Fixture::new();
    for name in ["low", "middle", "top"] {
        fixture.format(name, |_image| {});
    }
    let mut data = noise(7, 384 * K);
    let low = fixture.add(qcow2(inline(fixture.file("low"))).named("low"));
    low.write(0, &data[..256 * 1024]).expect("data can be written");
    let middle = fixture.add(overlay_of(fixture.file("middle"), "low").named("middle"));
    middle.write(256 * K, &data[256 * 1024..]).expect("data can be written");
    fixture.add(overlay_of(fixture.file("top"), "middle").named("top"));
    data.resize(M as usize, 0);
    (fixture, data)
}

/// Which of the first eight clusters of a node are allocated in its own image.
fn allocated(node: &Node) -> [bool; 8] {
    std::array::from_fn(|cluster| {
        let status = node.block_status(cluster as u64 * 64 * K, 1).expect("it has a status");
        status.allocated
    })
}

#[test]
fn filters_show_the_node_below_unchanged() {
    let (fixture, mut data) = chain();
    fixture.graph.throttle_groups().add("group", ThrottleLimits::default()).expect("a new name");
    for (driver, options) in filters(&named("top")) {
        let filter = fixture.add(options.named("filter"));
        assert_same(&contents(&filter), &data);
        filter.write_zeroes(0, 64 * K).expect("zeroes can be written");
        data[..64 * 1024].fill(0);
        filter.flush().expect("it can be flushed");
        assert!(filter.can_snapshot());
        let info = filter.info(BackingImages::Nested).expect("it has a size");
        assert_eq!(info.driver, driver);
        assert_eq!((info.backing_depth, info.backing_filename), (3, None));
        let image = &info.image;
        assert_eq!(
            (image.format, image.cluster_size, image.dirty),
            (driver, Some(64 * K), Some(false))
        );
        let group = if driver == "throttle" { r#""throttle-group": "group", "# } else { "" };
        let described = format!(r#"json:{{{group}"driver": "{driver}", "file": {{"#);
        assert!(image.filename.starts_with(&described), "{}", image.filename);
        let below = image.backing_image.as_ref().expect("the node below");
        assert_eq!(below.format, "qcow2");
        assert_eq!(
            fixture.graph.remove("top").expect_err("it is used").to_string(),
            "Block device top is in use"
        );
        fixture.graph.remove("filter").expect("it is unused");
    }
    assert_eq!(fixture.names()[0], "top");
}

#[test]
fn reads_copy_the_data_of_backing_files() {
    let (fixture, data) = chain();
    let filter = fixture.add(BlockdevOptions::copy_on_read("top").named("filter"));
    let top = fixture.graph.get("top").expect("it is open");
    assert_eq!(allocated(&top), [false; 8]);
    let mut buffer = vec![0; 100 * 1024];
    filter.read(50 * K, &mut buffer).expect("it can be read");
    assert_same(&buffer, &data[50 * 1024..150 * 1024]);
    assert_eq!(allocated(&top), [true, true, true, false, false, false, false, false]);
    assert_eq!(allocated(&filter), allocated(&top));
    assert_same(&contents(&filter), &data);
    assert_same(&contents(&top), &data);
    assert_eq!(&allocated(&top)[..6], [true; 6]);
    fixture.graph.remove("filter").expect("it is unused");
    fixture.graph.remove("top").expect("it is unused");
    assert_sound(&fixture.path("top"));
}

#[test]
fn reads_copy_data_down_to_the_bottom_node() {
    let (fixture, data) = chain();
    let filter = fixture.add(copy_on_read(named("top"), "middle").named("filter"));
    let top = fixture.graph.get("top").expect("it is open");
    assert_same(&contents(&filter), &data);
    assert_eq!(allocated(&top), [false, false, false, false, true, true, false, false]);
    for (file, bottom, expected) in [
        ("top", "none", "Bottom node 'none' not found"),
        ("top", "filter", "Bottom node 'filter' is a filter"),
        ("filter", "low", "Cannot change 'file' link from 'filter' to 'top'"),
        ("top", "low", "Cannot change 'backing' link from 'top' to 'middle'"),
    ] {
        let refused = fixture.refusal(copy_on_read(named(file), bottom).named("x"));
        assert_eq!(refused, expected);
    }
    let other = overlay_of(fixture.file("top"), "low").named("top");
    let refused = fixture.graph.reopen(&[other]).expect_err("the chain is frozen").to_string();
    assert_eq!(refused, "Cannot change frozen 'backing' link from 'top' to 'middle'");
    fixture.graph.remove("filter").expect("it is unused");
    drop(filter);
    let other = overlay_of(fixture.file("top"), "low").named("top");
    fixture.graph.reopen(&[other]).expect("the chain is free again");
}

#[test]
fn reads_through_an_inactive_filter_copy_nothing() {
    let (fixture, data) = chain();
    let filter = fixture.add(BlockdevOptions::copy_on_read("top").named("filter"));
    fixture.graph.inactivate(&filter).expect("it becomes inactive");
    fixture.graph.inactivate_all().expect("all become inactive");
    assert_same(&contents(&filter), &data);
    let top = fixture.graph.get("top").expect("it is open");
    assert_eq!(allocated(&top), [false; 8]);
    fixture.graph.activate_all().expect("they become active");
    assert_same(&contents(&filter), &data);
    assert_eq!(&allocated(&top)[..6], [true; 6]);
}

/// The raw node becomes inactive before the image below it.
#[test]
fn reads_through_an_inactive_raw_node_copy_nothing() {
    let (fixture, data) = chain();
    fixture.add(raw(named("top")).named("raw"));
    let filter = fixture.add(BlockdevOptions::copy_on_read("raw").named("filter"));
    fixture.graph.inactivate_all().expect("all become inactive");
    assert_same(&contents(&filter), &data);
    let top = fixture.graph.get("top").expect("it is open");
    assert_eq!(allocated(&top), [false; 8]);
}

#[tokio::test]
async fn a_node_is_quiesced_when_the_copies_to_it_have_ended() {
    let fixture = Fixture::new();
    fixture.format("top", |_image| {});
    let gate = Gate::shut(M);
    gate.add_to(&fixture.graph, "low");
    let top = fixture.add(overlay_of(fixture.file("top"), "low").named("top"));
    let filter = fixture.add(BlockdevOptions::copy_on_read("top").named("filter"));
    let read = std::thread::spawn(move || filter.read(0, &mut [0; 512]));
    gate.wait_for(1);
    {
        let mut quiesced = std::pin::pin!(top.quiesce());
        let polled = std::future::poll_fn(|context| Poll::Ready(quiesced.as_mut().poll(context)));
        assert!(polled.await.is_pending(), "the copy is in flight");
        gate.open();
        drop(quiesced.await);
    }
    assert!(allocated(&top)[0]);
    read.join().expect("no panic").expect("it can be read");
}

#[test]
fn a_filter_that_copies_needs_a_writable_node() {
    let (fixture, _data) = chain();
    let below = BlockdevOptions::null_co(M).read_only(true);
    let refused = fixture.refusal(BlockdevOptions::copy_on_read(below).named("filter"));
    assert_eq!(refused, "Block node is read-only");
    let filter = BlockdevOptions::copy_on_read("top").named("filter").read_only(true);
    fixture.add(filter);
    let above = fixture.refusal(BlockdevOptions::copy_on_read("filter").named("above"));
    assert_eq!(above, "Block node is read-only");
}

#[test]
fn writes_are_compressed() {
    let fixture = Fixture::new();
    let path = fixture.format("disk", |_image| {});
    fixture.add(qcow2(inline(fixture.file("disk"))).named("disk"));
    let filter = fixture.add(BlockdevOptions::compress("disk").named("filter"));
    let mut expected = vec![0; M as usize];
    for (offset, length, byte) in [(0, 64 * K, 1), (100 * K, 200 * K, 2), (900 * K, 124 * K, 3)] {
        let data = vec![byte; length as usize];
        filter.write(offset, &data).expect("it can be written");
        expected[offset as usize..(offset + length) as usize].copy_from_slice(&data);
    }
    filter.write_zeroes(512 * K, 64 * K).expect("it can be zeroed");
    // As in QEMU, compressed writes overwrite nothing.
    let again = filter.write(4 * K, &[9; 512]).expect_err("the cluster has data").to_string();
    assert_eq!(again, "Input/output error");
    assert_same(&contents(&filter), &expected);
    for name in ["filter", "disk"] {
        fixture.graph.remove(name).expect("it is unused");
    }
    assert_sound(&path);
    let size = std::fs::metadata(&path).expect("the image exists").len();
    assert!(size < 400 * K, "{size} bytes");
}

#[test]
fn only_formats_with_compression_can_be_below_a_compress_node() {
    let fixture = Fixture::new();
    fixture.write("raw", &[0; 4096]);
    fixture.format("disk", |_image| {});
    fixture.graph.throttle_groups().add("group", ThrottleLimits::default()).expect("a new name");
    let disk = || inline(qcow2(inline(fixture.file("disk"))));
    for (below, format) in [
        (fixture.file("raw"), "file"),
        (raw(inline(fixture.file("raw"))), "raw"),
        (BlockdevOptions::null_co(M), "null-co"),
        (BlockdevOptions::compress(disk()), "compress"),
        (preallocate(disk(), None, None), "preallocate"),
    ] {
        let refused = fixture.refusal(BlockdevOptions::compress(below).named("filter"));
        assert_eq!(
            refused,
            format!("Compression is not supported for underlying format: {format}")
        );
    }
    let throttled = inline(throttle("group", disk()));
    fixture.add(BlockdevOptions::compress(throttled).named("filter"));
    fixture.graph.remove("filter").expect("it is unused");
    assert!(fixture.names().is_empty());
}

fn one_byte_a_second() -> ThrottleLimits {
    let mut limits = ThrottleLimits::default();
    limits.limit_mut(Unit::Bytes, Scope::Write).rate = 1;
    limits
}

#[tokio::test]
async fn a_throttled_node_can_be_quiesced() {
    let fixture = Fixture::new();
    let groups = fixture.graph.throttle_groups();
    groups.add("group", one_byte_a_second()).expect("a new name");
    let below = inline(BlockdevOptions::null_co(M));
    let node = fixture.add(throttle("group", below).named("node"));
    node.write(0, &[0; 4096]).expect("the first write does not wait");
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let node = Arc::clone(&node);
            std::thread::spawn(move || node.write(0, &[0; 4096]))
        })
        .collect();
    // Each write waits for more than an hour, unless it is released.
    while !writers.iter().all(|writer| writer.is_finished()) {
        drop(node.quiesce().await);
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.join().expect("it does not panic").expect("it is written");
    }
}

#[test]
fn a_throttle_node_changes_its_group_when_it_is_reopened() {
    let fixture = Fixture::new();
    let groups = fixture.graph.throttle_groups();
    for name in ["one", "other"] {
        groups.add(name, ThrottleLimits::default()).expect("a new name");
    }
    fixture.add(BlockdevOptions::null_co(M).named("disk"));
    fixture.add(throttle("one", named("disk")).named("node"));
    let reopen = |group| fixture.graph.reopen(&[throttle(group, named("disk")).named("node")]);
    let none = "Throttle group 'none' does not exist";
    assert_eq!(reopen("none").expect_err("there is none").to_string(), none);
    assert_eq!(fixture.refusal(throttle("none", named("disk")).named("x")), none);
    assert!(!groups.remove("one") && groups.remove("other"));
    groups.add("other", ThrottleLimits::default()).expect("the name is free again");
    reopen("other").expect("it exists");
    assert!(groups.remove("one") && !groups.remove("other"));
    fixture.graph.remove("node").expect("it is unused");
    assert!(groups.remove("other"));
    for driver in [BlockdevOptions::compress("disk"), BlockdevOptions::copy_on_read("disk")] {
        let options = driver.named("disk");
        let refused = fixture.graph.reopen(&[options]).expect_err("another driver").to_string();
        assert_eq!(refused, "Cannot change the option 'driver'");
    }
}

#[test]
fn clusters_that_are_zeroed_in_part_are_compressed_and_not_compressed_twice() {
    let fixture = Fixture::new();
    fixture.format("disk", |_image| {});
    fixture.add(qcow2(inline(fixture.file("disk"))).named("disk"));
    let filter = fixture.add(BlockdevOptions::compress(named("disk")).named("filter"));
    let mut data = noise(5, 256 * K);
    data[128 * K as usize..].fill(0);
    filter.write(0, &data[..128 * 1024]).expect("it can be written");
    for (offset, length, is_possible) in [
        (4 * K, 8 * K, false),
        (60 * K, 68 * K, false),
        (192 * K, 4 * K, true),
        (64 * K, 64 * K, true),
    ] {
        let zeroed = filter.write_zeroes(offset, length);
        assert_eq!(zeroed.is_ok(), is_possible, "{length} at {offset}: {zeroed:?}");
    }
    data[64 * K as usize..].fill(0);
    let mut buffer = vec![1; data.len()];
    filter.read(0, &mut buffer).expect("it can be read");
    assert_same(&buffer, &data);
}
