//! The check of reference counts, and the repair of dirty images, compared with QEMU.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use block::image::host_file::{HostFile, HostFileKind, HostFileMode};
use block::image::permissions::AccessMode;
use block::image::qcow2::check::{self, ImageCheck};
use block::image::qcow2::header::Header;
use block::image::storage::Storage;
use block::nodes::BackingImages;

use crate::support::*;

/// The kinds of images, as options of `qemu-img create`.
const KINDS: [&str; 8] = [
    "compat=1.1",
    "compat=0.10",
    "cluster_size=512",
    "refcount_bits=1",
    "refcount_bits=64,cluster_size=4k",
    "extended_l2=on",
    "cluster_size=2M",
    "lazy_refcounts=on",
];

/// Makes an image with data, compressed clusters, a snapshot and a bitmap.
fn make(path: &Path, options: &str) {
    let image = text(path);
    let run = |program: &str, arguments: &[&str]| {
        let output = run_peer(program, arguments).expect("the program is installed");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    run("qemu-img", &["create", "-q", "-f", "qcow2", "-o", options, &image, "8M"]);
    let writes = ["write -q 0 1M", "write -q 3000k 100k", "write -q -z 5M 1M"];
    let writes: Vec<&str> = writes.iter().flat_map(|write| ["-c", write]).collect();
    run("qemu-io", &[&["-f", "qcow2"], writes.as_slice(), &[&image]].concat());
    if options != "refcount_bits=1" {
        run("qemu-img", &["snapshot", "-c", "one", &image]);
        run("qemu-io", &["-f", "qcow2", "-c", "write -q 512k 1M", &image]);
    }
    if options != "compat=0.10" {
        run("qemu-img", &["bitmap", "--add", &image, "b"]);
        run("qemu-io", &["-f", "qcow2", "-c", "write -q 4M 64k", &image]);
    }
}

fn storage(path: &Path) -> Storage {
    let mode = HostFileMode { writable: true, ..HostFileMode::default() };
    Storage::new(HostFile::open(&text(path), HostFileKind::File, mode).expect("it is there"))
}

fn checked(path: &Path) -> ImageCheck {
    let storage = storage(path);
    let header = Header::read(&storage, AccessMode::ReadOnly).expect("the header is valid");
    check::check(&storage, &header, &AtomicBool::new(false)).expect("it can be read")
}

/// The numbers of corruptions and leaks that `qemu-img check` finds.
fn checked_by_qemu(path: &Path) -> (u64, u64) {
    let output = run_peer("qemu-img", &["check", "--output=json", "-U", &text(path)]);
    let output = String::from_utf8(output.expect("it is installed").stdout).expect("it is text");
    let number = |name: &str| {
        let found = output.split_once(&format!("\"{name}\": ")).map(|(_, rest)| rest);
        let digits = found.map(|rest| rest.split(|one: char| !one.is_ascii_digit()).next());
        digits.flatten().map_or(0, |digits| digits.parse().expect("it is a number"))
    };
    (number("corruptions"), number("leaks"))
}

#[test]
fn sound_images_have_no_corruptions_and_leaks() {
    if peer("qemu-img").is_none() {
        return;
    }
    let fixture = Fixture::new();
    for kind in KINDS {
        let path = fixture.path("image");
        make(&path, kind);
        assert!(checked(&path).is_clean(), "{kind}: {:?}", checked(&path));
        fs::remove_file(path).expect("it is there");
    }
}

/// The offset of the first refcount block.
fn refcount_block(image: &[u8]) -> usize {
    let number = |at: usize| u64::from_be_bytes(image[at..at + 8].try_into().expect("8 bytes"));
    number(number(48) as usize) as usize
}

#[test]
fn damaged_counts_are_found_and_repaired_as_by_qemu() {
    if peer("qemu-img").is_none() {
        return;
    }
    let fixture = Fixture::new();
    for kind in KINDS {
        let path = fixture.path("image");
        make(&path, kind);
        let sound = fs::read(&path).expect("it is there");
        let block = refcount_block(&sound);
        let table = u64::from_be_bytes(sound[48..56].try_into().expect("8 bytes")) as usize;
        // With counts of one bit, these bytes are counts of clusters in use and of free ones.
        let (counts, high) = if kind == "refcount_bits=1" {
            (block + 1..block + 8, 0xff)
        } else {
            (block + 8..block + 24, 3)
        };
        type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);
        let damages: [(&str, Damage<'_>); 3] = [
            ("low counts", &|image| image[counts.clone()].fill(0)),
            ("high counts", &|image| image[counts.clone()].fill(high)),
            ("no block", &|image| image[table..table + 8].fill(0)),
        ];
        for (name, damage) in damages {
            let mut damaged = sound.clone();
            damage(&mut damaged);
            fs::write(&path, damaged).expect("it can be written");
            let found = checked(&path);
            assert!(!found.is_clean(), "{kind}, {name}");
            let by_qemu = checked_by_qemu(&path);
            assert_eq!((found.corruptions, found.leaks), by_qemu, "{kind}, {name}");
            let storage = storage(&path);
            let header =
                Header::read(&storage, AccessMode::ReadOnly).expect("the header is valid");
            check::repair(&storage, &header, &AtomicBool::new(false)).expect("it is possible");
            assert!(checked(&path).is_clean(), "{kind}, {name}: {:?}", checked(&path));
            assert_sound(&path);
        }
        fs::remove_file(path).expect("it is there");
    }
}

#[test]
fn a_cancelled_check_ends_early() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    let storage = storage(&path);
    let header = Header::read(&storage, AccessMode::ReadOnly).expect("the header is valid");
    let error = check::check(&storage, &header, &AtomicBool::new(true)).expect_err("cancelled");
    assert_eq!(error.to_string(), "Operation canceled");
}

#[test]
fn dirty_images_are_repaired_when_they_are_opened_for_writing() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |options| options.lazy_refcounts = true);
    let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    node.write(0, &noise(1, M)).expect("it is written");
    fixture.graph.remove("n").expect("it is unused");
    // A program that died had written data and tables, but not the counts.
    let mut bytes = fs::read(&path).expect("it is there");
    let block = refcount_block(&bytes);
    bytes[block + 8..block + 64].fill(0);
    bytes[79] = 1;
    fs::write(&path, bytes).expect("it can be written");
    let image = || qcow2(inline(fixture.file("image"))).named("n");
    let node = fixture.add(image().read_only(true));
    assert_same(&contents(&node), &noise(1, M));
    assert_eq!(node.info(BackingImages::Omitted).expect("it has a size").image.dirty, Some(true));
    fixture.graph.set_access_mode(&node, AccessMode::ReadWrite).expect("it can be repaired");
    assert_eq!(
        node.info(BackingImages::Omitted).expect("it has a size").image.dirty,
        Some(false)
    );
    node.write(0, &noise(2, M)).expect("it is written");
    assert_same(&contents(&node), &noise(2, M));
    fixture.graph.remove("n").expect("it is unused");
    assert_sound(&path);
}
