//! The filter `preallocate`: space beyond the end of a file.

use std::sync::Arc;

use block::error::Error;
use block::image::permissions::{Access, Permissions};
use block::options::blkdebug::{BlkdebugEvent, BlkdebugInjectErrorOptions, BlkdebugIoType};
use block::options::{BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsBlkdebug};

use crate::filters::preallocate;
use crate::support::*;

#[test]
fn space_is_preallocated_below_an_image_until_it_is_closed() {
    let fixture = Fixture::new();
    let path = fixture.format("disk", |_image| {});
    let size = || std::fs::metadata(&path).expect("the image exists").len();
    let below = preallocate(inline(fixture.file("disk")), Some(4096), Some(1 << 20));
    fixture.add(below.named("space"));
    let disk = fixture.add(qcow2(named("space")).named("disk"));
    let data = noise(3, 128 * K);
    let small = size();
    disk.write(0, &data).expect("it can be written");
    disk.flush().expect("it can be flushed");
    assert!(size() > small + M, "{} bytes", size());
    assert!(size().is_multiple_of(4096));
    let space = fixture.graph.get("space").expect("it is open");
    let end = space.size().expect("it has a size");
    assert!(end < size());
    fixture.graph.remove("disk").expect("it is unused");
    assert_eq!(size(), end);
    assert_sound(&path);
    // Reopened read-only and inactive images leave no space behind either.
    let disk = fixture.add(qcow2(named("space")).named("disk"));
    disk.write(256 * K, &data).expect("it can be written");
    assert!(size() > end + M);
    fixture.graph.inactivate(&disk).expect("it becomes inactive");
    assert!(size() < end + M);
    fixture.graph.activate(&disk).expect("it becomes active");
    disk.write(512 * K, &data).expect("it can be written");
    assert!(size() > end + M);
    let read_only = qcow2(named("space")).named("disk").read_only(true);
    fixture.graph.reopen(&[read_only]).expect("it becomes read-only");
    assert!(size() < end + M);
    for (offset, data) in [(0, &data), (256 * K, &data), (512 * K, &data)] {
        let mut buffer = vec![0; data.len()];
        disk.read(offset, &mut buffer).expect("it can be read");
        assert_same(&buffer, data);
    }
}

/// As in QEMU, the next write allocates the space that could not be allocated before.
#[test]
fn a_failed_allocation_is_tried_again() {
    let fixture = Fixture::new();
    let path = fixture.format("disk", |_image| {});
    let mut failing = BlockdevOptionsBlkdebug::new(inline(fixture.file("disk")));
    failing.inject_error = Some(vec![BlkdebugInjectErrorOptions {
        iotype: Some(BlkdebugIoType::WriteZeroes),
        once: Some(true),
        ..BlkdebugInjectErrorOptions::new(BlkdebugEvent::None)
    }]);
    let failing = BlockdevOptions::new(BlockdevDriverOptions::Blkdebug(Box::new(failing)));
    fixture.add(preallocate(inline(failing), Some(4096), Some(M as i64)).named("space"));
    let disk = fixture.add(qcow2(named("space")).named("disk"));
    let size = || std::fs::metadata(&path).expect("the image exists").len();
    let small = size();
    // The first write of these fails to allocate.
    for cluster in 0..4 {
        disk.write(cluster * 64 * K, &noise(4, 64 * K)).expect("it can be written");
        disk.flush().expect("it can be flushed");
    }
    assert!(size() > small + M, "{} bytes", size());
}

#[test]
fn only_a_user_that_resizes_preallocates() {
    let fixture = Fixture::new();
    let path = fixture.write("disk", &noise(1, 64 * K));
    let space = preallocate(inline(fixture.file("disk")), None, None);
    let space = fixture.add(space.named("space"));
    space.write(0, &[1; 4096]).expect("it can be written");
    let both = Permissions::WRITE | Permissions::RESIZE;
    let access = Access { takes: both, shares: Permissions::all() };
    let root = fixture.graph.attach_root("user", Arc::clone(&space), access);
    let root = root.expect("it takes both permissions");
    root.write(0, &[2; 4096]).expect("it can be written");
    assert_eq!(std::fs::metadata(&path).expect("it exists").len(), 64 * K);
    for (align, size, expected) in [
        (Some(100), None, "prealloc-align parameter of preallocate filter is not aligned to 512"),
        (None, Some(-100), "Value '-100' is out of range for parameter 'prealloc-size'"),
        (Some(-512), None, "Value '-512' is out of range for parameter 'prealloc-align'"),
    ] {
        let below = inline(BlockdevOptions::null_co(M));
        assert_eq!(fixture.refusal(preallocate(below, align, size).named("x")), expected);
    }
}

#[test]
fn a_file_with_preallocated_space_belongs_to_its_filter() {
    let fixture = Fixture::new();
    let path = fixture.format("disk", |_image| {});
    fixture.add(fixture.file("disk").named("file"));
    fixture.add(preallocate(named("file"), None, None).named("space"));
    fixture.add(raw(named("space")).named("between"));
    let disk = fixture.add(qcow2(named("between")).named("disk"));
    disk.write(0, &noise(3, 128 * K)).expect("it can be written");
    drop(disk);
    fixture.graph.remove("disk").expect("it is unused");
    let other = qcow2(named("file")).named("other");
    let refused = fixture.graph.add(&other).expect_err("the file is to be cut");
    assert!(matches!(refused, Error::PermissionConflict { .. }), "{refused}");
    fixture.graph.remove("between").expect("it is unused");
    fixture.graph.remove("space").expect("it is unused");
    let other = fixture.add(other);
    other.write(128 * K, &noise(4, 512 * K)).expect("it can be written");
    drop(other);
    fixture.graph.remove_all();
    assert_sound(&path);
}
