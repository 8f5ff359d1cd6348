//! Dirty bitmaps of nodes: what marks them, who may use them, and how they are stored.

use std::sync::Arc;

use block::copy::{Copier, CopySlots, PointInTime, Unlimited};
use block::error::Result;
use block::image::dirty_bitmaps::{DirtyBitmapInfo, NewBitmap};
use block::image::permissions::{Access, AccessMode, Permissions};
use block::image::storage::ZeroMode;
use block::nodes::Node;
use block::options::{BlockdevDiscardOptions, BlockdevOptions};

use crate::support::*;

fn new(name: &str, granularity: u64) -> NewBitmap {
    NewBitmap { name: name.to_owned(), granularity, enabled: true, persistent: false }
}

fn persistent(name: &str) -> NewBitmap {
    NewBitmap { persistent: true, ..new(name, 64 * K) }
}

fn info(node: &Node, name: &str) -> DirtyBitmapInfo {
    let all = node.dirty_bitmaps().infos();
    all.into_iter().find(|one| one.name.as_deref() == Some(name)).expect("it is there")
}

fn count(node: &Node, name: &str) -> u64 {
    info(node, name).count
}

#[track_caller]
fn assert_fails<T>(result: Result<T>, expected: &str) {
    assert_eq!(result.err().map(|error| error.to_string()).as_deref(), Some(expected));
}

/// A qcow2 node `n` on the node `f`, of 1 MiB.
fn image(fixture: &Fixture) -> Arc<Node> {
    if !fixture.path("image").exists() {
        fixture.format("image", |_options| {});
    }
    fixture.add(fixture.file("image").named("f"));
    let options = qcow2(named("f")).named("n");
    fixture.add(BlockdevOptions { discard: Some(BlockdevDiscardOptions::Unmap), ..options })
}

fn close(fixture: &Fixture, node: Arc<Node>) {
    drop(node);
    fixture.graph.remove("n").expect("it is unused");
    fixture.graph.remove("f").expect("it is unused");
}

#[test]
fn writes_zeroes_and_discards_mark_what_they_touch() {
    type Request = fn(&Node) -> Result<()>;
    let cases: [(&str, Request, u64); 9] = [
        ("a byte", |node| node.write(4095, &[1]), 4096),
        ("two blocks", |node| node.write(4095, &[1; 2]), 2 * 4096),
        ("zeroes", |node| node.write_zeroes(8192, 3 * 4096), 3 * 4096),
        ("a discard", |node| node.discard_range(64 * K, 64 * K), 64 * K),
        ("a discard of a part of a cluster", |node| node.discard_range(0, 512), 4096),
        ("the end", |node| node.write(M - 1, &[1]), 4096),
        ("a flush", Node::flush, 0),
        ("a read", |node| node.read(0, &mut [0; 512]), 0),
        ("beyond the end", |node| node.write(M, &[1]).or(Ok(())), 0),
    ];
    for (what, request, expected) in cases {
        let fixture = Fixture::new();
        let node = image(&fixture);
        drop(node.add_bitmap(new("b", 4096)).expect("it can be added"));
        drop(node.add_bitmap(NewBitmap { enabled: false, ..new("off", 4096) }).expect("too"));
        request(&node).expect(what);
        assert_eq!((count(&node, "b"), count(&node, "off")), (expected, 0), "{what}");
    }
}

#[test]
fn the_node_below_sees_the_writes_of_the_format_also_beyond_its_end() {
    let fixture = Fixture::new();
    let node = image(&fixture);
    let file = fixture.graph.get("f").expect("it is open");
    drop(file.add_bitmap(new("b", 64 * K)).expect("it can be added"));
    node.write(0, &noise(1, M)).expect("it can be written");
    node.flush().expect("it can be flushed");
    assert!(count(&file, "b") >= M, "{}", count(&file, "b"));
    close(&fixture, node);
}

#[test]
fn operations_that_a_bitmap_does_not_permit_are_refused() {
    let fixture = Fixture::new();
    let node = image(&fixture);
    let bitmaps = node.dirty_bitmaps();
    drop(node.add_bitmap(new("b", 512)).expect("it can be added"));
    let unknown = "Dirty bitmap 'x' not found";
    assert_fails(bitmaps.clear("x"), unknown);
    assert_fails(bitmaps.enable("x", true), unknown);
    assert_fails(bitmaps.merge("x", &[]), unknown);
    assert_fails(bitmaps.merge("b", &[(Arc::clone(bitmaps), "x".to_owned())]), unknown);
    assert_fails(node.remove_bitmap("x"), unknown);
    assert_fails(bitmaps.sha256("x"), unknown);
    assert_fails(node.add_bitmap(new("b", 512)), "Bitmap already exists: b");
    let long = "b".repeat(1024);
    assert_fails(node.add_bitmap(new(&long, 512)), &format!("Bitmap name too long: {long}"));
    drop(node.add_bitmap(new(&long[1..], 512)).expect("this is the limit"));
    let file = fixture.graph.get("f").expect("it is open");
    assert_fails(
        file.add_bitmap(persistent("p")),
        "Can't store persistent bitmaps to f: Operation not supported",
    );
    drop(file.add_bitmap(new("b", 512)).expect("another node"));
    let other = (Arc::clone(file.dirty_bitmaps()), "b".to_owned());
    let size = file.size().expect("a size");
    assert_fails(
        bitmaps.merge("b", &[other]),
        &format!(
            "Bitmaps are of different sizes (destination size is {M}, source size is {size}) and \
             can't be merged"
        ),
    );
    let busy = "Bitmap 'b' is currently in use by another operation and cannot be used";
    let reserved = bitmaps.reserve("b").expect("it is free");
    assert_fails(bitmaps.clear("b"), busy);
    assert_fails(bitmaps.enable("b", false), busy);
    assert_fails(bitmaps.merge("b", &[(Arc::clone(bitmaps), "b".to_owned())]), busy);
    assert_fails(bitmaps.reserve_for_backup("b", false), busy);
    assert_fails(node.remove_bitmap("b"), busy);
    drop(reserved);
    drop(node.remove_bitmap("b").expect("it is free again"));
    assert!(!bitmaps.has("b"));
    close(&fixture, node);
}

#[test]
fn merged_bitmaps_have_the_ranges_of_all_in_their_own_granularity() {
    let fixture = Fixture::new();
    let node = image(&fixture);
    for (name, granularity) in [("fine", 512), ("coarse", 256 * K), ("target", 4096)] {
        drop(node.add_bitmap(new(name, granularity)).expect("it can be added"));
    }
    node.write(300 * K, &[1; 512]).expect("it can be written");
    let bitmaps = node.dirty_bitmaps();
    let merge = |target: &str, source: &str| {
        drop(
            bitmaps.merge(target, &[(Arc::clone(bitmaps), source.to_owned())]).expect("both are"),
        );
    };
    drop(bitmaps.clear("target").expect("it is free"));
    merge("target", "fine");
    assert_eq!(count(&node, "target"), 4096);
    merge("target", "coarse");
    assert_eq!(count(&node, "target"), 256 * K);
    merge("fine", "fine");
    assert_eq!(count(&node, "fine"), 512);
    close(&fixture, node);
}

#[test]
fn changes_are_undone_from_the_last_to_the_first() {
    let fixture = Fixture::new();
    let node = image(&fixture);
    let bitmaps = node.dirty_bitmaps();
    drop(node.add_bitmap(persistent("b")).expect("it can be added"));
    node.write(0, &[1; 512]).expect("it can be written");
    let before = bitmaps.infos();
    let changes = [
        node.add_bitmap(new("n", 512)).expect("it can be added"),
        bitmaps.merge("n", &[(Arc::clone(bitmaps), "b".to_owned())]).expect("both are free"),
        bitmaps.clear("b").expect("it is free"),
        bitmaps.enable("b", false).expect("it is free"),
        node.remove_bitmap("b").expect("it is free"),
    ];
    assert_fails(node.add_bitmap(new("b", 512)), "Bitmap already exists: b");
    assert_eq!(
        (count(&node, "n"), count(&node, "b"), info(&node, "b").recording),
        (64 * K, 0, false)
    );
    changes.into_iter().rev().for_each(block::image::dirty_bitmaps::BitmapChange::undo);
    assert_eq!(bitmaps.infos(), before);
    close(&fixture, node);
    let node = image(&fixture);
    assert_eq!(count(&node, "b"), 64 * K, "it is stored although it had been removed");
    close(&fixture, node);
}

#[test]
fn a_backup_gives_back_the_ranges_that_it_does_not_use() {
    let fixture = Fixture::new();
    let node = image(&fixture);
    let bitmaps = node.dirty_bitmaps();
    for enabled in [true, false] {
        let name = if enabled { "on" } else { "off" };
        drop(node.add_bitmap(new(name, 4096)).expect("it can be added"));
        node.write(0, &[1; 512]).expect("it can be written");
        drop(bitmaps.enable(name, enabled).expect("it is free"));
        let meanwhile = if enabled { 4096 } else { 0 };
        // Dropped: as if it had not been used.
        let reserved = bitmaps.reserve_for_backup(name, true).expect("it is free");
        node.write(64 * K, &[1; 512]).expect("it can be written");
        assert_eq!((count(&node, name), info(&node, name).busy), (4096, true));
        let since = bitmaps.infos().into_iter().find(|one| one.name.is_none()).expect("one more");
        assert_eq!((since.count, since.recording, since.busy), (meanwhile, enabled, false));
        drop(reserved);
        assert_eq!((count(&node, name), info(&node, name).busy), (4096 + meanwhile, false));
        // Replaced: by the writes meanwhile and by the ranges that were not copied.
        let reserved = bitmaps.reserve_for_backup(name, true).expect("it is free");
        node.write(128 * K, &[1; 512]).expect("it can be written");
        reserved.replace(std::iter::once(512 * K..520 * K));
        assert_eq!(
            (count(&node, name), info(&node, name).recording),
            (8192 + meanwhile, enabled)
        );
        drop(node.remove_bitmap(name).expect("it is free"));
    }
    close(&fixture, node);
}

#[test]
fn persistent_bitmaps_are_stored_changed_and_removed() {
    let fixture = Fixture::new();
    if peer("qemu-img").is_none() {
        return;
    }
    let path = fixture.format("image", |_options| {});
    let info_of = || {
        let output = run_peer("qemu-img", &["info", "-U", "--output=json", &text(&path)]);
        let output = output.expect("it is installed");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("it is text")
    };
    let node = image(&fixture);
    for name in ["a", "b", "c"] {
        drop(node.add_bitmap(persistent(name)).expect("it can be added"));
    }
    drop(node.dirty_bitmaps().enable("b", false).expect("it is free"));
    drop(node.remove_bitmap("c").expect("it is free"));
    assert!(!info_of().contains("bitmaps"), "new bitmaps are not in the image yet");
    node.write(0, &noise(1, 100 * K)).expect("it can be written");
    close(&fixture, node);
    assert_sound(&path);
    assert_eq!(info_of().matches("\"granularity\":").count(), 2);
    assert_eq!(info_of().matches("\"auto\"").count(), 1);
    for name in ["a", "b"] {
        let node = image(&fixture);
        assert_eq!((count(&node, "b"), info(&node, "b").recording), (0, false));
        drop(node.remove_bitmap(name).expect("it is free"));
        assert!(!info_of().contains(&format!("\"name\": \"{name}\"")), "it is removed at once");
        close(&fixture, node);
        assert_sound(&path);
    }
    assert!(!info_of().contains("bitmaps"));
}

#[test]
fn bitmaps_of_a_read_only_image_are_read_only_until_it_is_writable() {
    let fixture = Fixture::new();
    let node = image(&fixture);
    drop(node.add_bitmap(persistent("b")).expect("it can be added"));
    node.write(0, &[1]).expect("it can be written");
    fixture.graph.set_access_mode(&node, AccessMode::ReadOnly).expect("it is unused");
    let refused = "Bitmap 'b' is readonly and cannot be modified";
    assert_fails(node.dirty_bitmaps().clear("b"), refused);
    assert_fails(node.remove_bitmap("b"), refused);
    drop(node.dirty_bitmaps().reserve("b").expect("it can be read"));
    fixture.graph.set_access_mode(&node, AccessMode::ReadWrite).expect("it is unused");
    drop(node.dirty_bitmaps().clear("b").expect("it is free"));
    close(&fixture, node);
    let node = image(&fixture);
    assert_eq!(count(&node, "b"), 0);
    close(&fixture, node);
}

#[test]
fn an_inactive_node_has_no_persistent_bitmaps() {
    let fixture = Fixture::new();
    let node = image(&fixture);
    drop(node.add_bitmap(persistent("stored")).expect("it can be added"));
    drop(node.add_bitmap(new("kept", 4096)).expect("it can be added"));
    node.write(0, &[1]).expect("it can be written");
    fixture.graph.inactivate(&node).expect("it is unused");
    let names = |node: &Node| {
        let all = node.dirty_bitmaps().infos();
        all.into_iter().filter_map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&node), ["kept"]);
    fixture.graph.activate(&node).expect("it is unused");
    assert_eq!(names(&node), ["stored", "kept"]);
    assert_eq!((count(&node, "stored"), count(&node, "kept")), (64 * K, 4096));
    close(&fixture, node);
}

#[test]
fn the_memory_of_bitmaps_is_bounded() {
    let fixture = Fixture::new();
    let size = 300_u64 << 30;
    let node = fixture.add(BlockdevOptions::null_co(size).named("n"));
    drop(node.add_bitmap(new("fine", 512)).expect("it can be added"));
    drop(node.add_bitmap(new("coarse", M)).expect("it can be added"));
    // Each write makes a page of bits mixed.
    let step = 16 * M;
    for offset in (0..size).step_by(step as usize) {
        node.write(offset, &[1; 512]).expect("it can be written");
    }
    let fine = info(&node, "fine");
    assert_eq!((fine.inconsistent, fine.recording, fine.count), (true, false, 0));
    assert_eq!(count(&node, "coarse"), size.div_ceil(step) * M);
    assert_fails(
        node.dirty_bitmaps().clear("fine"),
        "Bitmap 'fine' is inconsistent and cannot be used",
    );
    drop(node.remove_bitmap("fine").expect("it can be removed"));
}

#[tokio::test]
async fn incremental_copies_are_complete_while_others_write() {
    let fixture = Fixture::new();
    let size = 8 * M;
    for name in ["source", "target"] {
        fixture.write(name, &noise(1, size));
    }
    let source = fixture.add(raw(inline(fixture.file("source"))).named("source"));
    let target = fixture.add(raw(inline(fixture.file("target"))).named("target"));
    drop(source.add_bitmap(new("b", 64 * K)).expect("it can be added"));
    let access = Access { takes: Permissions::WRITE, shares: Permissions::all() };
    let writer = fixture.graph.attach_root("a writer", Arc::clone(&source), access);
    let writer = writer.expect("it may write");
    let writing = tokio::task::spawn_blocking(move || {
        for number in 0..600_u64 {
            let offset = number * 7919 * 512 % (size - 4096);
            match number % 5 {
                0 => writer.write_zeroes(offset, 4096, ZeroMode::MayUnmap),
                _ => writer.write(offset, &noise(number, 700)),
            }
            .expect("it can be written");
        }
    });
    let mut copies = 0;
    loop {
        let is_last = writing.is_finished();
        let mut quiesced = source.quiesce().await;
        let bitmap = source.dirty_bitmaps().reserve_for_backup("b", true).expect("it is free");
        let slots = CopySlots::default();
        let copier = Copier::new(Arc::clone(&source), Arc::clone(&target), slots);
        let copy = PointInTime::of_bitmap(copier.expect("a size"), &bitmap);
        let copy = Arc::new(copy.expect("it is small"));
        quiesced.watch(&copy);
        drop(quiesced);
        copy.copy_rest(&Unlimited).await.expect("it can be copied");
        bitmap.replace(copy.remaining());
        copies += 1;
        if is_last {
            break;
        }
    }
    writing.await.expect("it has written");
    assert_eq!(count(&source, "b"), 0, "after {copies} copies");
    assert_same(&contents(&target), &contents(&source));
}
