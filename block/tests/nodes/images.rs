//! Reads and writes of raw and qcow2 images.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use block::create::Preallocation;
use block::image::extent::Extent;
use block::nodes::Node;
use block::options::{BlockdevCacheOptions, BlockdevDiscardOptions};

use crate::support::*;

/// The extents of a node as (length, zero, allocated), with adjacent equal extents merged.
fn extents(node: &Node) -> Vec<(u64, bool, bool)> {
    let end = node.size().expect("the node has a size");
    let mut all: Vec<(u64, bool, bool)> = Vec::new();
    let mut offset = 0;
    while offset < end {
        let Extent { length, zero, allocated } =
            node.block_status(offset, end - offset).expect("the status is known");
        assert!(length > 0);
        offset += length;
        match all.last_mut() {
            Some(last) if (last.1, last.2) == (zero, allocated) => last.0 += length,
            Some(_) | None => all.push((length, zero, allocated)),
        }
    }
    all
}

#[test]
fn a_file_is_an_image_of_whole_sectors() {
    let fixture = Fixture::new();
    let path = fixture.write("odd", &noise(1, 1000));
    let node = fixture.add(raw(inline(fixture.file("odd"))).named("n"));
    assert_eq!(node.size().expect("it has a size"), 1024);
    let mut expected = noise(1, 1000);
    expected.resize(1024, 0);
    assert_same(&contents(&node), &expected);
    node.write(512, &noise(2, 512)).expect("the last sector is whole");
    assert_eq!(fs::metadata(&path).expect("it is there").len(), 1024);
    let error = node.write(1024, &[1; 512]).expect_err("beyond the end");
    assert_eq!(error.to_string(), "Input/output error");
    let error = node.read(1000, &mut [0; 512]).expect_err("beyond the end");
    assert_eq!(error.to_string(), "Input/output error");
}

/// Writeback of large writes starts at once, unless flushes do not wait for the disk.
#[test]
fn large_writes_to_files_are_readable_and_can_be_flushed() {
    for no_flush in [false, true] {
        let fixture = Fixture::new();
        let path = fixture.write("file", &vec![0; 4 * M as usize]);
        let mut options = fixture.file("file").named("n");
        let no_flush = Some(no_flush);
        options.cache = Some(BlockdevCacheOptions { direct: None, no_flush });
        let node = fixture.add(options);
        let data = noise(1, 2 * M);
        node.write(M, &data).expect("it can be written");
        node.flush().expect("it can be flushed");
        let file = fs::read(&path).expect("it is there");
        assert_same(&file[M as usize..3 * M as usize], &data);
        assert!(file[..M as usize].iter().chain(&file[3 * M as usize..]).all(|byte| *byte == 0));
    }
}

#[test]
fn holes_of_files_are_known() {
    let fixture = Fixture::new();
    let path = fixture.write("sparse", b"");
    let file = File::options().write(true).open(&path).expect("it is there");
    file.set_len(4 * M).expect("it can grow");
    file.write_all_at(&noise(1, 64 * K), M).expect("it can be written");
    let node = fixture.add(fixture.file("sparse").named("n"));
    let expected = [(M, true, true), (64 * K, false, true), (3 * M - 64 * K, true, true)];
    assert_eq!(extents(&node), expected);
    node.write_zeroes(M, 64 * K).expect("zeroes can be written");
    assert_eq!(extents(&node), [(4 * M, true, true)]);
}

#[test]
fn the_block_status_of_a_chain_is_that_of_its_images() {
    let fixture = Fixture::new();
    let mut base = noise(1, M);
    base[512 * K as usize..].fill(0);
    let path = fixture.write("base", &base[..512 * K as usize]);
    File::options().write(true).open(path).and_then(|f| f.set_len(M)).expect("it can grow");
    fixture.format("overlay", |options| {
        options.size = 2 * M;
        options.backing_file = Some("base".into());
        options.backing_format = Some("raw".into());
    });
    let node = fixture.add(qcow2(inline(fixture.file("overlay"))).named("n"));
    let end_of_base = (2 * M - 512 * K, true, false);
    assert_eq!(extents(&node), [(512 * K, false, false), end_of_base]);
    node.write_zeroes(64 * K, 128 * K).expect("zeroes can be written");
    node.write(256 * K, &noise(2, 64 * K)).expect("it can be written");
    let expected = [
        (64 * K, false, false),
        (128 * K, true, true),
        (64 * K, false, false),
        (64 * K, false, true),
        (192 * K, false, false),
        end_of_base,
    ];
    assert_eq!(extents(&node), expected);
    base.resize(2 * M as usize, 0);
    base[64 * K as usize..192 * K as usize].fill(0);
    base[256 * K as usize..320 * K as usize].copy_from_slice(&noise(2, 64 * K));
    assert_same(&contents(&node), &base);
    fixture.graph.remove("n").expect("it is unused");
    assert_sound(&fixture.path("overlay"));
}

/// Pseudo-random numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Writes, zeroes and flushes within one range of the image, and in a model.
fn write_randomly(node: &Node, start: u64, model: &mut [u8], seed: u64) {
    let mut numbers = Numbers(seed);
    for step in 0..300 {
        let offset = numbers.below(model.len() as u64 / 512) * 512;
        let most = (model.len() as u64 - offset).min(48 * K);
        let length = (numbers.below(most / 512) + 1) * 512;
        let range = offset as usize..(offset + length) as usize;
        match numbers.below(8) {
            0 => node.flush().expect("it can be flushed"),
            1..=3 => {
                node.write_zeroes(start + offset, length).expect("zeroes can be written");
                model[range].fill(0);
            }
            _ => {
                let data = noise(seed ^ step, length);
                node.write(start + offset, &data).expect("it can be written");
                model[range].copy_from_slice(&data);
            }
        }
    }
}

#[test]
fn several_threads_share_clusters_without_losing_writes() {
    const THREADS: u64 = 4;
    for cluster_size in [512, 4 * K, 64 * K, 2 * M] {
        let fixture = Fixture::new();
        // Ranges that end within a cluster, so that two threads write to its halves.
        let part = 3 * 64 * K + 8 * K + 512;
        let path = fixture.format("image", |options| {
            options.size = THREADS * part;
            options.cluster_size = cluster_size;
        });
        let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let node = Arc::clone(&node);
                std::thread::spawn(move || {
                    let mut model = vec![0; part as usize];
                    write_randomly(&node, thread * part, &mut model, thread + 1);
                    model
                })
            })
            .collect();
        let expected: Vec<u8> = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("the thread does not fail"))
            .collect();
        assert_same(&contents(&node), &expected);
        fixture.graph.remove("n").expect("it is unused");
        assert_sound(&path);
        let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n").read_only(true));
        assert_same(&contents(&node), &expected);
    }
}

#[test]
fn compressed_clusters_can_be_overwritten() {
    let fixture = Fixture::new();
    let plain = fixture.write("plain", &[7; 1024 * 1024]);
    let path = fixture.path("image");
    let arguments = ["convert", "-c", "-f", "raw", "-O", "qcow2", &text(&plain), &text(&path)];
    if run_peer("qemu-img", &arguments).is_none() {
        return;
    }
    let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    let mut expected = vec![7; M as usize];
    for (offset, length) in [(0, 64 * K), (100 * K, 4 * K), (500 * K, 200 * K)] {
        node.write(offset, &noise(offset, length)).expect("it can be written");
        expected[offset as usize..(offset + length) as usize]
            .copy_from_slice(&noise(offset, length));
    }
    node.write_zeroes(800 * K, 100 * K).expect("zeroes can be written");
    expected[800 * K as usize..900 * K as usize].fill(0);
    assert_same(&contents(&node), &expected);
    fixture.graph.remove("n").expect("it is unused");
    assert_sound(&path);
}

#[test]
fn an_image_within_an_image_can_be_used() {
    let fixture = Fixture::new();
    let path = fixture.format("outer", |options| options.size = 8 * M);
    fixture.add(qcow2(inline(fixture.file("outer"))).named("outer"));
    let node = fixture.add(raw(named("outer")).named("n"));
    node.write(K, &noise(1, 100 * K)).expect("it can be written");
    node.write_zeroes(50 * K, 10 * K).expect("zeroes can be written");
    let mut expected = vec![0; 8 * M as usize];
    expected[K as usize..101 * K as usize].copy_from_slice(&noise(1, 100 * K));
    expected[50 * K as usize..60 * K as usize].fill(0);
    assert_same(&contents(&node), &expected);
    fixture.graph.remove_all();
    assert_sound(&path);
}

#[test]
fn images_grow() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |options| options.preallocation = Preallocation::Metadata);
    fixture.write("plain", &noise(1, M));
    for options in [qcow2(inline(fixture.file("image"))), raw(inline(fixture.file("plain")))] {
        let node = fixture.add(options.named("n"));
        let before = contents(&node);
        node.grow(3 * M).expect("it can grow");
        node.write(3 * M - 512, &noise(2, 512)).expect("the new end is there");
        let mut expected = before;
        expected.resize(3 * M as usize - 512, 0);
        expected.extend_from_slice(&noise(2, 512));
        assert_same(&contents(&node), &expected);
        fixture.graph.remove("n").expect("it is unused");
    }
    assert_sound(&path);
}

#[test]
fn long_writes_need_many_refcount_blocks() {
    let fixture = Fixture::new();
    let path = fixture.path("image");
    let layout = ["-o", "cluster_size=512,refcount_bits=64"];
    let arguments = [&["create", "-q", "-f", "qcow2"], &layout[..], &[&text(&path), "1M"]];
    let Some(_) = run_peer("qemu-img", &arguments.concat()) else { return };
    let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    node.write(0, &noise(1, M)).expect("it can be written");
    assert_same(&contents(&node), &noise(1, M));
    // The L1 table needs more adjacent clusters than there are between two new blocks.
    node.grow(200 * M).expect("it can grow");
    assert!(fs::metadata(&path).expect("it is there").len() < 2 * M);
    node.write(199 * M, &noise(2, M)).expect("it can be written");
    let mut end = vec![0; M as usize];
    node.read(199 * M, &mut end).expect("it can be read");
    assert_same(&end, &noise(2, M));
    fixture.graph.remove("n").expect("it is unused");
    assert_sound(&path);
}

#[test]
fn discarded_clusters_are_freed_in_the_file_too() {
    for driver in ["qcow2", "raw"] {
        for is_unmapped in [true, false] {
            let fixture = Fixture::new();
            let (path, options) = match driver {
                "qcow2" => {
                    let path = fixture.format("image", |_| {});
                    (path, qcow2(inline(fixture.file("image"))))
                }
                _raw => {
                    let path = fixture.write("plain", &vec![0; M as usize]);
                    (path, raw(inline(fixture.file("plain"))))
                }
            };
            let mut options = options.named("n");
            options.discard = is_unmapped.then_some(BlockdevDiscardOptions::Unmap);
            let node = fixture.add(options);
            node.write(0, &noise(1, M)).expect("it can be written");
            node.flush().expect("it can be flushed");
            let allocated = node.allocated_size().expect("it is in a file");
            // The first and the last cluster are discarded in part.
            node.discard_range(K, M - 2 * K).expect("it can be discarded");
            node.flush().expect("it can be flushed");
            let freed = allocated - node.allocated_size().expect("it is in a file");
            let mut expected = noise(1, M);
            if is_unmapped {
                let part = if driver == "qcow2" { 64 * K } else { K } as usize;
                expected[part..M as usize - part].fill(0);
            }
            assert_same(&contents(&node), &expected);
            assert_eq!(freed >= 14 * 64 * K, is_unmapped, "{driver}: {freed} bytes freed");
            fixture.graph.remove("n").expect("it is unused");
            if driver == "qcow2" {
                assert_sound(&path);
            }
        }
    }
}

#[test]
fn images_shrink() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    fixture.write("plain", &vec![0; M as usize]);
    for options in [qcow2(inline(fixture.file("image"))), raw(inline(fixture.file("plain")))] {
        let node = fixture.add(options.named("n"));
        node.write(0, &noise(1, M)).expect("it can be written");
        let size = 200 * K;
        node.shrink(size).expect("it can shrink");
        node.shrink(M).expect("it is as small already");
        assert_same(&contents(&node), &noise(1, M)[..size as usize]);
        node.grow(M).expect("it can grow");
        let mut expected = noise(1, M)[..size as usize].to_vec();
        expected.resize(M as usize, 0);
        assert_same(&contents(&node), &expected);
        fixture.graph.remove("n").expect("it is unused");
    }
    assert_sound(&path);
}
