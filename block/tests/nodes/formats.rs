//! Kinds of qcow2 images: versions, compression, subclusters, and so on.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use block::create::{Preallocation, Qcow2Create};
use block::image::aligned_buffer::AlignedBuffer;
use block::image::qcow2::header::CompressionType;
use block::nodes::Node;
use block::options::BlockdevRef;

use crate::support::*;

/// A change of the options of a new image.
type Change = fn(&mut Qcow2Create);

/// The kinds of images, each with the options of `qemu-img` for it.
const KINDS: [(&str, Change, &str); 9] = [
    ("zstd", |o| o.compression_type = CompressionType::Zstd, "compression_type=zstd"),
    (
        "zstd, small",
        |o| (o.compression_type, o.cluster_size) = (CompressionType::Zstd, 4 * K),
        "compression_type=zstd,cluster_size=4k",
    ),
    ("subclusters", |o| o.extended_l2 = true, "extended_l2=on"),
    (
        "subclusters, small",
        |o| (o.extended_l2, o.cluster_size, o.refcount_bits) = (true, 16 * K, 1),
        "extended_l2=on,cluster_size=16k,refcount_bits=1",
    ),
    (
        "subclusters and zstd",
        |o| (o.extended_l2, o.compression_type) = (true, CompressionType::Zstd),
        "extended_l2=on,compression_type=zstd",
    ),
    ("data file", |o| o.data_file = Some(data_file()), "data_file=DATA"),
    (
        "data file, small",
        |o| (o.data_file, o.cluster_size) = (Some(data_file()), 512),
        "data_file=DATA,cluster_size=512",
    ),
    (
        "data file and subclusters",
        |o| (o.data_file, o.extended_l2) = (Some(data_file()), true),
        "data_file=DATA,extended_l2=on",
    ),
    (
        "raw data file",
        |o| (o.data_file, o.data_file_raw) = (Some(data_file()), true),
        "data_file=DATA,data_file_raw=on",
    ),
];

fn data_file() -> BlockdevRef {
    named("data")
}

/// An image of a kind, and its expected contents.
struct Kind {
    fixture: Fixture,
    path: PathBuf,
    name: &'static str,
    size: u64,
}

impl Kind {
    fn new(kind: &(&'static str, Change, &str), size: u64, change: Change) -> Kind {
        let (name, of_kind, _) = *kind;
        let fixture = Fixture::new();
        fixture.write("data", b"");
        fixture.add(fixture.file("data").named("data"));
        let path = fixture.format("image", |options| {
            options.size = size;
            of_kind(options);
            change(options);
        });
        Kind { fixture, path, name, size }
    }

    fn open(&self) -> Arc<Node> {
        self.fixture.add(qcow2(inline(self.fixture.file("image"))).named("n"))
    }

    /// Closes the image, and checks it with QEMU's tools.
    fn close(&self, expected: &[u8]) {
        self.fixture.graph.remove("n").expect("it is unused");
        assert_sound(&self.path);
        let reference = self.fixture.write("reference", expected);
        let arguments = ["compare", "-U", "-f", "raw", "-F", "qcow2"];
        let (reference, image) = (text(&reference), text(&self.path));
        let arguments: Vec<&str> = arguments.into_iter().chain([&*reference, &*image]).collect();
        if let Some(output) = run_peer("qemu-img", &arguments) {
            assert!(output.status.success(), "{}: {output:?}", self.name);
        }
        if self.name == "raw data file" {
            let data = fs::read(self.fixture.path("data")).expect("it is there");
            assert_same(&data[..expected.len()], expected);
        }
    }
}

/// Pseudo-random numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Writes data and zeroes at pseudo-random offsets to an image and to its expected contents.
fn write_randomly(node: &Node, expected: &mut [u8], numbers: &mut Numbers, times: u64) {
    let sectors = expected.len() as u64 / 512;
    for number in 0..times {
        let longest = [1, 16, 300, 1000][numbers.below(4) as usize];
        let start = numbers.below(sectors);
        let count = (1 + numbers.below(longest)).min(sectors - start);
        let (start, length) = (start * 512, count * 512);
        let range = start as usize..(start + length) as usize;
        match numbers.below(5) {
            0 => {
                node.write_zeroes(start, length).expect("zeroes can be written");
                expected[range].fill(0);
            }
            _data => {
                let bytes = noise(number + 1, length);
                node.write(start, &bytes).expect("data can be written");
                expected[range].copy_from_slice(&bytes);
            }
        }
    }
    assert_same(&contents(node), expected);
}

#[test]
fn written_data_are_read_by_other_programs() {
    for kind in &KINDS {
        let image = Kind::new(kind, 2 * M + 512, |_| {});
        let mut expected = vec![0; image.size as usize];
        let mut numbers = Numbers(7);
        for _ in 0..2 {
            let node = image.open();
            write_randomly(&node, &mut expected, &mut numbers, 40);
            node.flush().expect("it can be flushed");
            drop(node);
            image.close(&expected);
        }
    }
}

#[test]
fn unallocated_ranges_read_from_the_backing_file() {
    for kind in KINDS.iter().filter(|(name, ..)| *name != "raw data file") {
        let image = Kind::new(kind, 3 * M, |options| {
            options.backing_file = Some("base".into());
            options.backing_format = Some("raw".into());
        });
        // The backing file is shorter than the image.
        let base = noise(3, 2 * M + 4 * K);
        image.fixture.write("base", &base);
        let mut expected = base;
        expected.resize(image.size as usize, 0);
        let node = image.open();
        assert_same(&contents(&node), &expected);
        write_randomly(&node, &mut expected, &mut Numbers(11), 15);
        let mut buffer = AlignedBuffer::default();
        node.copy_on_read(M - 3 * K, 300 * K, &mut buffer).expect("it can be populated");
        let (own, shown) = (M, M - 64 * K);
        let own = node.block_status(own, 512).expect("it is known");
        assert!(own.allocated, "{}", image.name);
        assert!(node.block_status(shown, 512).is_ok());
        assert_same(&contents(&node), &expected);
        // New bytes read as zeroes, also where the backing file has data.
        node.grow(5 * M).expect("it can grow");
        expected.resize(5 * M as usize, 0);
        write_randomly(&node, &mut expected, &mut Numbers(13), 10);
        drop(node);
        image.close(&expected);
    }
}

#[test]
fn images_by_other_programs_are_read_and_written() {
    if peer("qemu-img").is_none() {
        return;
    }
    for (name, _, options) in KINDS {
        let fixture = Fixture::new();
        let mut expected = noise(5, 5 * M);
        expected[M as usize..2 * M as usize].fill(0);
        for at in (2 * M..3 * M).step_by(8 * K as usize) {
            expected[at as usize..(at + 6 * K) as usize].fill((at / K) as u8);
        }
        let source = text(&fixture.write("source", &expected));
        let (image, data) = (text(&fixture.path("image")), text(&fixture.path("data")));
        let options = options.replace("DATA", &data);
        let mut arguments = vec!["convert", "-f", "raw", "-O", "qcow2", "-o", &options];
        if name.contains("zstd") {
            arguments.push("-c");
        }
        arguments.extend([&*source, &*image]);
        let made = run_peer("qemu-img", &arguments).expect("it is there");
        assert!(made.status.success(), "{name}: {made:?}");
        let path = fixture.path("image");
        let kind = Kind { fixture, path, name, size: 5 * M };
        let node = kind.open();
        assert_same(&contents(&node), &expected);
        write_randomly(&node, &mut expected, &mut Numbers(17), 30);
        drop(node);
        kind.close(&expected);
    }
}

#[test]
fn preallocated_clusters_are_used() {
    for kind in &KINDS {
        let image = Kind::new(kind, 2 * M, |options| {
            options.preallocation = Preallocation::Metadata;
        });
        let length =
            |name: &str| fs::metadata(image.fixture.path(name)).map_or(0, |file| file.len());
        let before = (length("image"), length("data"));
        let node = image.open();
        let mut expected = vec![0; image.size as usize];
        write_randomly(&node, &mut expected, &mut Numbers(19), 30);
        drop(node);
        image.close(&expected);
        assert_eq!((length("image"), length("data")), before, "{}", image.name);
    }
}

#[test]
fn compressed_clusters_are_written_and_replaced() {
    let kinds: [(Change, bool); 5] = [
        (|_| {}, true),
        (|o| o.compression_type = CompressionType::Zstd, true),
        (|o| o.extended_l2 = true, true),
        (|o| (o.cluster_size, o.refcount_bits) = (4 * K, 2), true),
        // With counts of one bit, compressed data do not share clusters.
        (|o| (o.cluster_size, o.refcount_bits) = (4 * K, 1), false),
    ];
    for (change, becomes_smaller) in kinds {
        let kind = Kind::new(&("plain", change, ""), 3 * M + 512, |_| {});
        let mut expected: Vec<u8> = (0..kind.size).map(|at| (at / 48 * (at % 5)) as u8).collect();
        // Some clusters do not compress.
        let noise = noise(23, 512 * K);
        expected[M as usize..(M + 512 * K) as usize].copy_from_slice(&noise);
        let node = kind.open();
        assert!(node.compresses());
        node.write_compressed(0, &expected[..2 * M as usize]).expect("it can be written");
        node.write_compressed(2 * M, &expected[2 * M as usize..]).expect("it can be written");
        assert_same(&contents(&node), &expected);
        let error = node.write_compressed(512, &[1; 512]).expect_err("it is not a whole cluster");
        assert_eq!(error.to_string(), "Invalid argument");
        drop(node);
        kind.close(&expected);
        let taken = fs::metadata(&kind.path).expect("it is there").len();
        assert_eq!(taken < 5 * M / 2, becomes_smaller, "it takes {taken}");
        let node = kind.open();
        write_randomly(&node, &mut expected, &mut Numbers(29), 30);
        drop(node);
        kind.close(&expected);
    }
}
