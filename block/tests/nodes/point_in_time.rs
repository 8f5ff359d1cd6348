//! Point-in-time copies, while others write to the source.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use block::copy::{Copier, CopySlots, PointInTime, Scope};
use block::create::Preallocation;
use block::image::permissions::{Access, Permissions};
use block::image::storage::ZeroMode;
use block::nodes::{Node, Root};
use block::options::BlockdevOptionsRaw;
use block::options::{BlockdevDriverOptions, BlockdevOptions};

use crate::copy::Job;
use crate::support::*;

const UNIT: u64 = 64 * K;

/// A source with noise, and a root that writes to it.
fn source(fixture: &Fixture, size: u64) -> (Arc<Node>, Root) {
    fixture.write("source", &noise(1, size));
    let node = fixture.add(raw(inline(fixture.file("source"))).named("source"));
    let writer = writer(fixture, &node);
    (node, writer)
}

fn writer(fixture: &Fixture, node: &Arc<Node>) -> Root {
    let access = Access { takes: Permissions::WRITE, shares: Permissions::all() };
    fixture.graph.attach_root("a writer", Arc::clone(node), access).expect("it may write")
}

/// A target in a sparse file.
fn target(fixture: &Fixture, size: u64) -> Arc<Node> {
    let path = fixture.write("target", b"");
    std::fs::File::options().write(true).open(path).and_then(|f| f.set_len(size)).expect("room");
    fixture.add(raw(inline(fixture.file("target"))).named("target"))
}

/// Starts the copy: watches all writes from now on.
async fn start_copy(source: &Arc<Node>, target: &Arc<Node>, scope: Scope) -> Arc<PointInTime> {
    let copier = Copier::new(Arc::clone(source), Arc::clone(target), CopySlots::default());
    let copier = copier.expect("a size").scope(scope);
    let copy = Arc::new(PointInTime::new(copier).expect("it is small"));
    source.quiesce().await.watch(&copy);
    copy
}

#[tokio::test]
async fn a_copy_has_the_contents_of_its_start_despite_later_writes() {
    let fixture = Fixture::new();
    let size = 8 * M + 512;
    let (source, writer) = source(&fixture, size);
    let target = target(&fixture, size);
    let copy = start_copy(&source, &target, Scope::Full).await;
    let writing = tokio::task::spawn_blocking(move || {
        for number in 0..400 {
            let offset = number * 7919 * 512 % (8 * M);
            if number % 5 == 0 {
                writer.write_zeroes(offset, 512, ZeroMode::MayUnmap).expect("it can be written");
            } else {
                writer.write(offset, &noise(number, 512)).expect("it can be written");
            }
        }
    });
    let job = Job::default();
    copy.copy_rest(&job).await.expect("it can be copied");
    writing.await.expect("no panic");
    assert_same(&contents(&target), &noise(1, size));
    assert!(contents(&source) != noise(1, size), "nothing was written");
    let copied_before_writes = tokio::select! {
        biased;
        bytes = copy.copied() => bytes,
        () = std::future::ready(()) => 0,
    };
    let counted = job.done.load(Ordering::Relaxed) + copied_before_writes;
    assert_eq!((counted, copy.outstanding()), (size.next_multiple_of(UNIT), 0));
}

#[tokio::test]
async fn before_the_rest_is_copied_only_overwritten_data_are_preserved() {
    let fixture = Fixture::new();
    let (source, writer) = source(&fixture, M);
    let target = target(&fixture, M);
    let copy = start_copy(&source, &target, Scope::Full).await;
    let write = move || {
        for fill in [7, 8] {
            writer.write(3 * UNIT + 512, &[fill; 512]).expect("it can be written");
        }
    };
    tokio::task::spawn_blocking(write).await.expect("no panic");
    assert_eq!(copy.copied().await, UNIT);
    let mut expected = vec![0; M as usize];
    let preserved = 3 * UNIT as usize..4 * UNIT as usize;
    expected[preserved.clone()].copy_from_slice(&noise(1, M)[preserved]);
    assert_same(&contents(&target), &expected);
}

#[tokio::test]
async fn data_outside_the_top_image_are_skipped_even_if_they_are_overwritten() {
    let fixture = Fixture::new();
    fixture.write("base", &noise(1, M));
    fixture.format("top", |_| {});
    let base = raw(inline(fixture.file("base"))).read_only(true);
    let backing = Some(inline(base).into());
    let source = fixture.add(with_backing(inline(fixture.file("top")), backing).named("source"));
    source.write(UNIT, &[7; 512]).expect("it can be written");
    let target = target(&fixture, M);
    let copy = start_copy(&source, &target, Scope::Top).await;
    let writer = writer(&fixture, &source);
    let write = move || {
        for offset in [UNIT, 5 * UNIT] {
            writer.write(offset, &[9; 512]).expect("it can be written");
        }
    };
    tokio::task::spawn_blocking(write).await.expect("no panic");
    let job = Job::default();
    copy.skip_out_of_scope(&job).await.expect("the job does not stop");
    copy.copy_rest(&job).await.expect("it can be copied");
    let mut expected = vec![0; M as usize];
    let contained = UNIT as usize..2 * UNIT as usize;
    expected[contained.clone()].copy_from_slice(&noise(1, M)[contained.clone()]);
    expected[contained.start..contained.start + 512].fill(7);
    assert_same(&contents(&target), &expected);
}

#[tokio::test]
async fn a_write_fails_if_the_copy_before_it_fails() {
    let fixture = Fixture::new();
    let (source, writer) = source(&fixture, M);
    fixture.write("small", &vec![0; M as usize]);
    let mut part = BlockdevOptionsRaw::new(inline(fixture.file("small")));
    part.size = Some(UNIT.cast_signed());
    let window = BlockdevOptions::new(BlockdevDriverOptions::Raw(part)).named("window");
    let target = fixture.add(window);
    let _copy = start_copy(&source, &target, Scope::Full).await;
    let write = move |offset| writer.write(offset, &[7; 512]).map_err(|error| error.to_string());
    let written = tokio::task::spawn_blocking(move || [write(0), write(UNIT)]).await;
    let refused = Err("Input/output error".to_owned());
    assert_eq!(written.expect("no panic"), [Ok(()), refused]);
    let mut expected = noise(1, M);
    expected[..512].fill(7);
    assert_same(&contents(&source), &expected);
}

#[tokio::test]
async fn writes_of_an_image_to_its_file_are_watched() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |options| options.preallocation = Preallocation::Full);
    let before = std::fs::read(path).expect("it can be read");
    let size = before.len() as u64;
    let file = fixture.add(fixture.file("image").named("file"));
    let image = fixture.add(qcow2(named("file")).named("image"));
    let target = target(&fixture, size);
    let copy = start_copy(&file, &target, Scope::Full).await;
    let writing = tokio::task::spawn_blocking(move || {
        image.write(0, &noise(7, M)).expect("it can be written");
        image.flush().expect("it can be flushed");
    });
    writing.await.expect("no panic");
    copy.copy_rest(&Job::default()).await.expect("it can be copied");
    assert_same(&contents(&target), &before);
    assert!(contents(&file) != before, "nothing was written");
}
