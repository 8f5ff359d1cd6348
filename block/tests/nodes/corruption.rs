//! Damaged tables of qcow2 images: what requests to them do, and how the damage is reported.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use block::image::qcow2::Corruption;
use block::nodes::{BackingImages, Node};

use crate::support::*;

const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;
const ZERO: u64 = 1;
const FAILED: &str = "Input/output error";

/// An image of 1 MiB with clusters of 64 KiB, of which the first 8 have data.
struct Damaged {
    fixture: Fixture,
    bytes: Vec<u8>,
    l1: u64,
    l2: u64,
    refcount_table: u64,
}

impl Damaged {
    fn new(arguments: &[&str]) -> Option<Self> {
        let fixture = Fixture::new();
        let path = text(&fixture.path("image"));
        let arguments = [&["create", "-q", "-f", "qcow2"], arguments, &[&path, "1M"]].concat();
        run_peer("qemu-img", &arguments)?;
        let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
        node.write(0, &vec![1; 512 * K as usize]).expect("it can be written");
        fixture.graph.remove("n").expect("it is unused");
        let bytes = fs::read(fixture.path("image")).expect("it is there");
        let mut damaged = Damaged { fixture, bytes, l1: 0, l2: 0, refcount_table: 0 };
        damaged.l1 = damaged.number(40);
        damaged.l2 = damaged.number(damaged.l1) & !COPIED;
        damaged.refcount_table = damaged.number(48);
        Some(damaged)
    }

    fn number(&self, offset: u64) -> u64 {
        let bytes = &self.bytes[offset as usize..][..8];
        bytes.try_into().map_or(0, u64::from_be_bytes)
    }

    fn set(&mut self, offset: u64, number: u64) {
        self.bytes[offset as usize..][..8].copy_from_slice(&number.to_be_bytes());
    }

    /// Opens the image, and collects what is reported.
    fn open(&self, read_only: bool) -> (Arc<Node>, Arc<Mutex<Vec<Corruption>>>) {
        fs::write(self.path(), &self.bytes).expect("it can be written");
        let reported = Arc::new(Mutex::new(Vec::new()));
        let reports = Arc::clone(&reported);
        self.fixture.graph.on_corruption(move |name, corruption| {
            assert_eq!(name, "n");
            reports.lock().expect("not poisoned").push(corruption.clone());
        });
        let options = qcow2(inline(self.fixture.file("image"))).named("n").read_only(read_only);
        (self.fixture.add(options), reported)
    }

    fn path(&self) -> std::path::PathBuf {
        self.fixture.path("image")
    }
}

fn outcome(result: block::error::Result<()>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

fn is_marked(path: &Path) -> bool {
    fs::read(path).expect("it is there")[79] & 2 != 0
}

/// Writes to the whole image after `damage`, and expects the message of a fatal corruption.
fn assert_refused(arguments: &[&str], damage: impl FnOnce(&mut Damaged), expected: &str) {
    let Some(mut damaged) = Damaged::new(arguments) else { return };
    damage(&mut damaged);
    let (node, reported) = damaged.open(false);
    let written = node.write(0, &vec![2; M as usize]).and_then(|()| node.flush());
    assert_eq!(outcome(written), FAILED, "{expected}");
    {
        let reported = reported.lock().expect("not poisoned");
        let messages: Vec<_> = reported.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, [expected]);
        assert!(reported[0].fatal);
    }
    assert_eq!(outcome(node.read(0, &mut [0; 512])), FAILED, "the image is unusable");
    assert_eq!(outcome(node.write(0, &[0; 512])), FAILED);
    assert_eq!(outcome(node.flush()), FAILED);
    assert_eq!(reported.lock().expect("not poisoned").len(), 1, "it is reported once");
    let is_version_3 = damaged.bytes[7] == 3;
    assert_eq!(is_marked(&damaged.path()), is_version_3, "{expected}");
    damaged.fixture.graph.remove("n").expect("it can be closed");
    // Nothing but the mark has been written to the metadata.
    let after = fs::read(damaged.path()).expect("it is there");
    let metadata = damaged.l2 as usize;
    assert!(after[80..metadata] == damaged.bytes[80..metadata], "{expected}");
    if is_version_3 {
        assert_eq!(
            damaged.fixture.refusal(qcow2(inline(damaged.fixture.file("image"))).named("n")),
            "qcow2: Image is corrupt; cannot be opened read/write"
        );
    }
}

#[test]
fn writes_into_metadata_are_refused() {
    for (region, name) in [
        (1, "refcount table"),
        (2, "refcount block"),
        (3, "active L1 table"),
        (4, "active L2 table"),
    ] {
        let expected = format!("Preventing invalid write on metadata (overlaps with {name})");
        let damage = |image: &mut Damaged| {
            let block = image.number(image.refcount_table);
            let host = [0, image.refcount_table, block, image.l1, image.l2][region];
            image.set(image.l2 + 5 * 8, host | COPIED);
        };
        assert_refused(&[], damage, &expected);
    }
}

#[test]
fn invalid_entries_are_refused() {
    let entry = |word: u64| move |image: &mut Damaged| image.set(image.l2 + 5 * 8, word);
    assert_refused(
        &[],
        entry(0x50200 | COPIED),
        "Data cluster offset 0x50200 unaligned (guest offset: 0x50000)",
    );
    assert_refused(
        &[],
        entry(0x50200 | COPIED | ZERO),
        "Preallocated zero cluster offset 0x50200 unaligned (guest offset: 0x50000)",
    );
    assert_refused(
        &["-o", "compat=0.10"],
        entry(0x50200 | COPIED),
        "Data cluster offset 0x50200 unaligned (guest offset: 0x50000)",
    );
    assert_refused(
        &[],
        |image| image.set(image.l1, 0x40200 | COPIED),
        "L2 table offset 0x40200 unaligned (L1 index: 0)",
    );
    assert_refused(
        &["-o", "extended_l2=on"],
        |image| image.set(image.l2 + 5 * 16, COPIED),
        "Invalid cluster entry found (L2 offset: 0x40000, L2 index: 0x5)",
    );
}

#[test]
fn damaged_counts_are_refused() {
    let table = |word: u64| move |image: &mut Damaged| image.set(image.refcount_table, word);
    let at_0 = "Preventing invalid allocation of refcount block at offset 0";
    assert_refused(&[], table(0), at_0);
    assert_refused(&["-o", "extended_l2=on"], table(0), at_0);
    assert_refused(&["-o", "compat=0.10"], table(0), at_0);
    assert_refused(&["-o", "refcount_bits=1"], table(0), at_0);
    assert_refused(&[], table(0x20200), "Refblock offset 0x20200 unaligned (reftable index: 0)");
    // All clusters seem to be free.
    let header = "Preventing invalid write on metadata (overlaps with qcow2_header)";
    let no_counts = |image: &mut Damaged| {
        let block = image.number(image.refcount_table) as usize;
        image.bytes[block..block + 64 * K as usize].fill(0);
        // No other write of the test needs an allocation at a given place.
        image.set(image.l2 + 7 * 8, 0);
        image.set(image.l2 + 6 * 8, 0);
        image.set(image.l2, 0);
    };
    assert_refused(&[], no_counts, header);
}

#[test]
fn damage_of_a_read_only_image_is_reported_once() {
    let Some(mut damaged) = Damaged::new(&[]) else { return };
    damaged.set(damaged.l2 + 5 * 8, 0x50200 | COPIED);
    damaged.set(damaged.l2 + 6 * 8, COMPRESSED | 1 << 40);
    let (node, reported) = damaged.open(true);
    for _ in 0..2 {
        assert_eq!(outcome(node.read(5 * 64 * K, &mut [0; 512])), FAILED);
        assert_eq!(outcome(node.read(6 * 64 * K, &mut [0; 512])), FAILED, "beyond the end");
        assert_eq!(outcome(node.read(4 * 64 * K, &mut [0; 512])), "", "others are readable");
    }
    let reported = reported.lock().expect("not poisoned");
    let messages: Vec<_> = reported.iter().map(|one| (one.message.as_str(), one.fatal)).collect();
    let unaligned =
        "Cluster allocation offset 0x50200 unaligned (L2 offset: 0x40000, L2 index: 0x5)";
    assert_eq!(messages, [(unaligned, false)]);
    assert!(!is_marked(&damaged.path()));
}

#[test]
fn references_to_free_clusters_can_be_replaced() {
    // As in QEMU, the counts of these clusters stay 0, and the new clusters are sound.
    let Some(mut damaged) = Damaged::new(&[]) else { return };
    damaged.set(damaged.l2 + 5 * 8, 0x50_0000);
    damaged.set(damaged.l2 + 6 * 8, COMPRESSED | 0x50_0000);
    damaged.set(damaged.l2 + 7 * 8, 0x5000_0000 | COPIED);
    let (node, reported) = damaged.open(false);
    node.write(0, &noise(1, M)).expect("it can be written");
    node.flush().expect("it can be flushed");
    assert_same(&contents(&node), &noise(1, M));
    assert!(reported.lock().expect("not poisoned").is_empty());
}

#[test]
fn a_cluster_with_a_wrong_count_among_others_is_not_allocated_for_a_long_write() {
    for cluster in [0, 6] {
        let Some(mut damaged) = Damaged::new(&[]) else { return };
        let block = damaged.number(damaged.refcount_table);
        damaged.bytes[block as usize + cluster * 2..][..2].fill(0);
        let (node, reported) = damaged.open(false);
        node.write(512 * K, &noise(1, 512 * K)).expect("it can be written");
        node.flush().expect("it can be flushed");
        let expected = [vec![1; 512 * K as usize], noise(1, 512 * K)].concat();
        assert_same(&contents(&node), &expected);
        assert!(reported.lock().expect("not poisoned").is_empty(), "{cluster}");
    }
}

#[test]
fn a_cluster_that_moves_may_be_unaligned() {
    // Only the edges of a write read the cluster.
    let unaligned =
        "Cluster allocation offset 0x50200 unaligned (L2 offset: 0x40000, L2 index: 0x5)";
    for (start, expected, message, fatal) in
        [(0, "", "Cannot free unaligned cluster 0x50200", false), (512, FAILED, unaligned, true)]
    {
        let Some(mut damaged) = Damaged::new(&[]) else { return };
        damaged.set(damaged.l2 + 5 * 8, 0x50200);
        let (node, reported) = damaged.open(false);
        let data = noise(1, 64 * K - start);
        assert_eq!(outcome(node.write(5 * 64 * K + start, &data)), expected);
        let mut shown = vec![0; data.len()];
        if !fatal {
            node.read(5 * 64 * K, &mut shown).expect("it can be read");
            assert_same(&shown, &data);
        }
        let reported = reported.lock().expect("not poisoned");
        let reported: Vec<_> =
            reported.iter().map(|one| (one.message.as_str(), one.fatal)).collect();
        assert_eq!(reported, [(message, fatal)]);
    }
}

#[test]
fn version_2_has_no_flag_for_zeroes() {
    let message = "Zero cluster entry found in pre-v3 image (L2 offset: 0x40000, L2 index: 0x1)";
    for (keep, length) in [(!0, 0), (!0, 512), (!0, 64 * K), (!COPIED, 512), (0, 0), (0, 64 * K)]
    {
        let Some(mut damaged) = Damaged::new(&["-o", "compat=0.10"]) else { return };
        let word = damaged.number(damaged.l2 + 8);
        damaged.set(damaged.l2 + 8, word & keep | ZERO);
        let (node, reported) = damaged.open(false);
        let mut data = vec![0; 64 * K as usize];
        let done = match length {
            0 => node.read(64 * K, &mut data),
            _partial_or_whole => node.write(64 * K, &noise(1, length)),
        };
        // As in QEMU, the data of a whole cluster replace the entry.
        let is_replaced = length == 64 * K;
        assert_eq!(outcome(done), if is_replaced { "" } else { FAILED }, "{keep:#x} {length}");
        let read = node.read(64 * K, &mut data);
        assert_eq!(outcome(read), if is_replaced { "" } else { FAILED }, "{keep:#x} {length}");
        if is_replaced {
            assert_same(&data, &noise(1, 64 * K));
        }
        let reported = reported.lock().expect("not poisoned");
        let messages: Vec<_> =
            reported.iter().map(|one| (one.message.as_str(), one.fatal)).collect();
        let expected = [(message, true)];
        assert_eq!(messages, expected[usize::from(is_replaced)..], "{keep:#x} {length}");
    }
}

#[test]
fn writes_into_snapshots_and_bitmaps_are_refused() {
    let cases: [(&[&str], &str); 3] = [
        (&["snapshot", "-c", "s"], "snapshot table"),
        (&["snapshot", "-c", "s"], "inactive L1 table"),
        (&["bitmap", "--add"], "bitmap directory"),
    ];
    for (command, region) in cases {
        let Some(mut damaged) = Damaged::new(&[]) else { return };
        let path = text(&damaged.path());
        let arguments = match command[0] {
            "bitmap" => [command, &[&path, "b"]].concat(),
            _snapshot => [command, &[&path]].concat(),
        };
        let output = run_peer("qemu-img", &arguments).expect("it is installed");
        assert!(output.status.success(), "{output:?}");
        damaged.bytes = fs::read(damaged.path()).expect("it is there");
        let host = match region {
            "snapshot table" => damaged.number(64),
            "inactive L1 table" => damaged.number(damaged.number(64)),
            _bitmap_directory => {
                let kind = 0x2385_2875_u32.to_be_bytes();
                let at = damaged.bytes.windows(4).position(|bytes| bytes == kind);
                damaged.number(at.expect("it has bitmaps") as u64 + 24)
            }
        };
        damaged.set(damaged.l2 + 5 * 8, host | COPIED);
        let (node, reported) = damaged.open(false);
        assert_eq!(outcome(node.write(5 * 64 * K, &[2; 512])), FAILED, "{region}");
        let reported = reported.lock().expect("not poisoned");
        assert_eq!(
            reported[0].message,
            format!("Preventing invalid write on metadata (overlaps with {region})")
        );
        assert_eq!((reported[0].offset, reported[0].size), (Some(host), Some(512)));
    }
}

#[test]
fn nothing_is_written_if_bitmaps_are_announced_but_absent() {
    let expected = "Preventing invalid write on metadata (overlaps with bitmap directory)";
    let write = |node: &Node| node.write(0, &[2; 512]);
    type Step<'a> = &'a dyn Fn(&Node) -> block::error::Result<()>;
    let steps: [(Step<'_>, &[&str]); 4] = [
        (&write, &[expected]),
        (&|node| node.write_zeroes(0, 64 * K).and_then(|()| node.flush()), &[expected]),
        (&|node| node.grow(40 << 30), &[expected]),
        // As in QEMU, the size alone may change.
        (&|node| node.grow(2 * M), &[]),
    ];
    for (step, expected) in steps {
        let Some(mut damaged) = Damaged::new(&[]) else { return };
        damaged.bytes[95] = 1;
        let (node, reported) = damaged.open(false);
        let failure = if expected.is_empty() { "" } else { FAILED };
        assert_eq!(outcome(step(&node)), failure);
        let messages: Vec<_> = reported
            .lock()
            .expect("not poisoned")
            .iter()
            .map(|one| one.message.clone())
            .collect();
        assert_eq!(messages, expected);
    }
}

#[test]
fn a_bitmap_whose_clusters_are_overwritten_is_stored_anew() {
    let Some(mut damaged) = Damaged::new(&[]) else { return };
    let path = damaged.path();
    run_peer("qemu-img", &["bitmap", "--add", &text(&path), "b"]).expect("it is installed");
    damaged.bytes = fs::read(&path).expect("it is there");
    let (node, _) = damaged.open(false);
    node.write(0, &vec![1; 512 * K as usize]).expect("it can be written");
    drop(node);
    damaged.fixture.graph.remove("n").expect("it can be closed");
    damaged.bytes = fs::read(&path).expect("it is there");
    let sound = damaged.bytes.clone();
    let kind = 0x2385_2875_u32.to_be_bytes();
    let extension = sound.windows(4).position(|bytes| bytes == kind).expect("it has bitmaps");
    let table = damaged.number(damaged.number(extension as u64 + 24));
    let bits = damaged.number(table);
    let block = damaged.number(damaged.refcount_table);
    assert_eq!(damaged.bytes[bits as usize], 0xff);
    type Damage<'a> = &'a dyn Fn(&mut Damaged, u64);
    let damages: [Damage<'_>; 3] = [
        // An entry of the active L2 table leads to the bitmap.
        &|image, host| image.set(image.l2 + 9 * 8, host | COPIED),
        // The clusters of the bitmap seem to be free.
        &|image, host| image.bytes[(block + host / (64 * K) * 2) as usize..][..2].fill(0),
        // The bitmap serves as the L2 table.
        &|image, host| image.set(image.l1, host | COPIED),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        for host in [table, bits] {
            damaged.bytes.clone_from(&sound);
            damage(&mut damaged, host);
            let (node, _) = damaged.open(false);
            let offset = 9 * 64 * K;
            let written = node.write(offset, &noise(1, 64 * K)).and_then(|()| node.flush());
            drop(node);
            damaged.fixture.graph.remove("n").expect("it can be closed");
            damaged.bytes = fs::read(&path).expect("it is there");
            let (node, _) = damaged.open(false);
            assert_eq!(outcome(written), "", "{number}");
            let found = node.info(BackingImages::Omitted).expect("it has a size").dirty_bitmaps;
            assert_eq!((found[0].inconsistent, found[0].count), (false, 9 * 64 * K), "{number}");
            // The clusters of the former bitmap are not handed out again.
            node.write(0, &noise(2, 512 * K)).expect("it can be written");
            node.write(10 * 64 * K, &noise(3, 384 * K)).expect("it can be written");
            let mut data = vec![0; 64 * K as usize];
            node.read(offset, &mut data).expect("it can be read");
            assert_same(&data, &noise(1, 64 * K));
            drop(node);
            damaged.fixture.graph.remove("n").expect("it can be closed");
        }
    }
}
