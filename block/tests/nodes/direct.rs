//! Nodes that bypass the page cache of the host.
//!
//! Where the temporary folder has no direct I/O, these tests check nothing.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use block::copy::{Copier, CopySlots};
use block::create::Qcow2Create;
use block::nodes::Node;
use block::options::{BlockdevCacheOptions, BlockdevOptions};
use libc::O_DIRECT;

use crate::copy::Job;
use crate::support::*;

fn direct(mut options: BlockdevOptions) -> BlockdevOptions {
    options.cache = Some(BlockdevCacheOptions { direct: Some(true), no_flush: None });
    options
}

/// A fixture in a folder with direct I/O.
fn fixture() -> Option<Fixture> {
    let fixture = Fixture::new();
    let path = fixture.write("probe", b"");
    let opened = fs::File::options().read(true).custom_flags(O_DIRECT).open(path);
    if opened.is_err() {
        surroundings::skip("the temporary folder has no direct I/O");
    }
    opened.is_ok().then_some(fixture)
}

#[test]
fn requests_of_any_alignment_are_served() {
    let Some(fixture) = fixture() else { return };
    // The last block of the file is incomplete.
    let mut expected = noise(1, 20_000);
    fixture.write("plain", &expected);
    let node = fixture.add(direct(fixture.file("plain").named("n")));
    expected.resize(20_480, 0);
    for (offset, length) in [(0, 1), (1, 511), (4095, 2), (5000, 12_000), (19_990, 490)] {
        let mut bytes = vec![0; length + 1];
        node.read(offset as u64, &mut bytes[1..]).expect("it can be read");
        assert_same(&bytes[1..], &expected[offset..offset + length]);
        let data = noise(offset as u64, length as u64);
        node.write(offset as u64, &data).expect("it can be written");
        expected[offset..offset + length].copy_from_slice(&data);
    }
    node.write_zeroes(3000, 9000).expect("it can be zeroed");
    expected[3000..12_000].fill(0);
    assert_same(&contents(&node), &expected);
    node.flush().expect("it can be flushed");
    fixture.graph.remove("n").expect("it is unused");
    assert_same(&fs::read(fixture.path("plain")).expect("a file"), &expected);
}

#[test]
fn a_write_to_an_incomplete_block_does_not_extend_the_file() {
    let Some(fixture) = fixture() else { return };
    let path = fixture.write("plain", &noise(1, 5000));
    let node = fixture.add(direct(fixture.file("plain").named("n")));
    assert_eq!(node.size().expect("it has one"), 5120);
    node.write(4600, &[7; 100]).expect("it can be written");
    assert_eq!(fs::metadata(&path).expect("a file").len(), 5000);
    node.write(5000, &[8; 120]).expect("it can be written");
    assert_eq!(fs::metadata(&path).expect("a file").len(), 5120);
}

async fn copy(source: &Arc<Node>, target: &Arc<Node>) {
    let copier = Copier::new(source.clone(), target.clone(), CopySlots::default());
    copier.expect("it has a size").run(&Job::default()).await.expect("it can be copied");
}

#[tokio::test]
async fn images_of_all_formats_are_copied_to_each_other() {
    let Some(fixture) = fixture() else { return };
    // Data, a hole, and data that end in an incomplete block.
    let mut expected = noise(1, 100 * K);
    expected.resize((M + 512) as usize, 0);
    expected.extend(noise(2, 70 * K + 1024));
    fixture.write("plain", &expected);
    let size = expected.len() as u64;
    let source = fixture.add(direct(raw(inline(fixture.file("plain"))).named("source")));
    for cluster_size in [512, 64 * K] {
        fixture.write("image", b"");
        let file = inline(direct(fixture.file("image")));
        let create = Qcow2Create { cluster_size, ..Qcow2Create::new(file.clone(), size) };
        let graph = fixture.graph.clone();
        let created = tokio::task::spawn_blocking(move || create.create(&graph)).await;
        created.expect("it does not panic").expect("an image can be made");
        let image = fixture.add(direct(qcow2(file).named("image")));
        copy(&source, &image).await;
        assert_same(&contents(&image), &expected);
        fixture.write("copy", &vec![0; size as usize]);
        let target = fixture.add(direct(raw(inline(fixture.file("copy"))).named("copy")));
        copy(&image, &target).await;
        fixture.graph.remove("copy").expect("it is unused");
        assert_same(&fs::read(fixture.path("copy")).expect("a file"), &expected);
        fixture.graph.remove("image").expect("it is unused");
        assert_sound(&fixture.path("image"));
    }
}

#[test]
fn a_file_system_without_direct_io_is_named() {
    let fixture = Fixture::new();
    let options = direct(file("/proc/version").named("n").read_only(true));
    assert_eq!(
        fixture.refusal(options),
        "Could not open '/proc/version': filesystem does not support O_DIRECT"
    );
}

#[test]
fn the_driver_has_to_suit_the_file() {
    let fixture = Fixture::new();
    let path = text(&fixture.write("plain", b""));
    assert_eq!(
        fixture.refusal(BlockdevOptions::host_device(path.clone()).named("n")),
        format!(
            "'host_device' driver requires '{path}' to be either a character or block device"
        )
    );
    assert_eq!(
        fixture.refusal(file("/dev/null").named("n")),
        "'file' driver requires '/dev/null' to be a regular file"
    );
    for (options, driver) in
        [(file(""), "file"), (BlockdevOptions::host_device(""), "host_device")]
    {
        assert_eq!(
            fixture.refusal(options.named("n")),
            format!("The '{driver}' block driver requires a file name")
        );
    }
    let node = fixture.add(BlockdevOptions::host_device("/dev/null").named("n"));
    assert_eq!((node.driver().name(), node.size().ok()), ("host_device", Some(0)));
}
