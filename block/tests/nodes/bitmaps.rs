//! Persistent bitmaps and internal snapshots of images that QEMU made.

use std::path::Path;

use block::image::dirty_bitmaps::DirtyBitmapInfo;
use block::image::permissions::AccessMode;
use block::image::qcow2::bitmaps::StoredBitmapInfo;
use block::nodes::BackingImages;
use block::nodes::Node;

use crate::support::*;

/// Runs `qemu-img` with arguments between which are blanks. `IMAGE` stands for the image.
fn qemu_img(image: &Path, arguments: &str) -> String {
    let image = text(image);
    let arguments: Vec<&str> =
        arguments.split(' ').map(|one| if one == "IMAGE" { &image } else { one }).collect();
    let output = run_peer("qemu-img", &arguments).expect("the program is installed");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("it is text")
}

/// An image of 4 MiB with an enabled bitmap `on` and a disabled bitmap `off`, or `None` if
/// `qemu-img` is not installed.
fn image_with_bitmaps(fixture: &Fixture) -> Option<std::path::PathBuf> {
    peer("qemu-img")?;
    let path = fixture.path("image");
    qemu_img(&path, "create -q -f qcow2 IMAGE 4M");
    qemu_img(&path, "bitmap --add IMAGE on");
    qemu_img(&path, "bitmap --add --disable -g 1M IMAGE off");
    Some(path)
}

fn bitmaps(node: &Node) -> Vec<DirtyBitmapInfo> {
    node.info(BackingImages::Omitted).expect("it has a size").dirty_bitmaps
}

fn stored(node: &Node) -> Vec<StoredBitmapInfo> {
    let image = node.info(BackingImages::Omitted).expect("it has a size").image;
    image.qcow2.as_ref().expect("it is a qcow2 image").bitmaps.clone()
}

fn open(fixture: &Fixture, read_only: bool) -> std::sync::Arc<Node> {
    fixture.add(qcow2(inline(fixture.file("image"))).named("n").read_only(read_only))
}

#[test]
fn bitmaps_record_writes_and_are_stored_at_the_end() {
    let fixture = Fixture::new();
    let Some(path) = image_with_bitmaps(&fixture) else { return };
    let node = open(&fixture, false);
    node.write(65535, &noise(1, 2)).expect("it is written");
    node.write_zeroes(M, 65536).expect("it is written");
    let [off, on] = bitmaps(&node).try_into().expect("there are two");
    assert_eq!((off.name.as_deref(), off.recording), (Some("off"), false));
    assert_eq!((off.granularity, off.count), (M, 0));
    assert_eq!((on.name.as_deref(), on.recording), (Some("on"), true));
    assert_eq!((on.granularity, on.count), (65536, 3 * 65536));
    assert!(on.persistent && !on.inconsistent && stored(&node).iter().all(|one| one.in_use));
    fixture.graph.remove("n").expect("it is unused");
    assert_sound(&path);
    assert!(!qemu_img(&path, "info IMAGE").contains("in-use"));
    // QEMU reads the same bits: merged into another bitmap, they have the same number.
    qemu_img(&path, "bitmap --add --merge on IMAGE merged");
    let count = |name: &str| {
        let all = bitmaps(&open(&fixture, true));
        fixture.graph.remove("n").expect("it is unused");
        all.into_iter().find(|one| one.name.as_deref() == Some(name)).expect("it is there").count
    };
    assert_eq!((count("on"), count("merged"), count("off")), (3 * 65536, 3 * 65536, 0));
}

#[test]
fn a_reopened_image_stores_its_bitmaps_and_loads_them_again() {
    let fixture = Fixture::new();
    let Some(path) = image_with_bitmaps(&fixture) else { return };
    let node = open(&fixture, false);
    for offset in [0, M, 3 * M] {
        node.write(offset, &noise(offset, 512)).expect("it is written");
        fixture.graph.set_access_mode(&node, AccessMode::ReadOnly).expect("it is unused");
        assert!(stored(&node).iter().all(|one| !one.in_use));
        assert!(!qemu_img(&path, "info -U IMAGE").contains("in-use"));
        fixture.graph.set_access_mode(&node, AccessMode::ReadWrite).expect("it is unused");
        assert!(stored(&node).iter().all(|one| one.in_use));
    }
    assert_eq!(bitmaps(&node)[1].count, 3 * 65536);
    node.grow(5 * M + 512).expect("it can grow");
    node.write(5 * M, &noise(1, 512)).expect("it is written");
    fixture.graph.remove("n").expect("it is unused");
    assert_sound(&path);
    assert_eq!(bitmaps(&open(&fixture, true))[1].count, 4 * 65536);
}

#[test]
fn bitmaps_that_were_not_stored_are_inconsistent() {
    let fixture = Fixture::new();
    let Some(path) = image_with_bitmaps(&fixture) else { return };
    let node = open(&fixture, false);
    // The image as it is when the program dies now.
    std::fs::copy(&path, fixture.path("killed")).expect("it can be copied");
    drop(node);
    fixture.graph.remove("n").expect("it is unused");
    std::fs::rename(fixture.path("killed"), &path).expect("it can be renamed");
    for read_only in [true, false] {
        let node = open(&fixture, read_only);
        assert!(bitmaps(&node).iter().all(|one| one.inconsistent && one.count == 0));
        fixture.graph.remove("n").expect("it is unused");
        assert!(qemu_img(&path, "info IMAGE").contains("in-use"));
    }
}

#[test]
fn bitmaps_are_removed_after_writes_of_a_program_without_bitmaps() {
    let fixture = Fixture::new();
    let Some(path) = image_with_bitmaps(&fixture) else { return };
    let mut bytes = std::fs::read(&path).expect("it is there");
    // Such a program clears the autoclear features.
    bytes[95] = 0;
    std::fs::write(&path, bytes).expect("it can be written");
    assert!(bitmaps(&open(&fixture, true)).is_empty());
    fixture.graph.remove("n").expect("it is unused");
    assert!(bitmaps(&open(&fixture, false)).is_empty());
    fixture.graph.remove("n").expect("it is unused");
    qemu_img(&path, "check -q -r leaks IMAGE");
    assert!(!qemu_img(&path, "info IMAGE").contains("bitmaps"));
}

#[test]
fn large_bitmaps_take_memory_for_dirty_ranges_only() {
    let fixture = Fixture::new();
    let path = fixture.path("image");
    let arguments = ["create", "-q", "-f", "qcow2", &text(&path), "600G"];
    let Some(_) = run_peer("qemu-img", &arguments) else { return };
    // 150 MiB of bits, of which hardly any are set.
    qemu_img(&path, "bitmap --add -g 512 IMAGE fine");
    {
        let node = open(&fixture, false);
        node.write(500 << 30, &[1; 1024]).expect("it can be written");
        assert_eq!(bitmaps(&node)[0].count, 1024);
        fixture.graph.remove_all();
    }
    let node = open(&fixture, true);
    let found = bitmaps(&node).remove(0);
    assert_eq!((found.count, found.inconsistent), (1024, false));
    assert!(!stored(&node)[0].in_use);
    drop(node);
    fixture.graph.remove_all();
    assert_sound(&path);
}

#[test]
fn internal_snapshots_are_listed_and_keep_their_contents() {
    let fixture = Fixture::new();
    if peer("qemu-img").is_none() {
        return;
    }
    let path = fixture.path("image");
    qemu_img(&path, "create -q -f qcow2 IMAGE 4M");
    let node = open(&fixture, false);
    node.write(0, &noise(1, M)).expect("it is written");
    fixture.graph.remove("n").expect("it is unused");
    qemu_img(&path, "snapshot -c first IMAGE");
    let node = open(&fixture, false);
    node.write(0, &noise(2, 2 * M)).expect("it is written");
    let image = node.info(BackingImages::Omitted).expect("it has a size").image;
    let [first] = &*image.snapshots else { panic!("there is one: {:?}", image.snapshots) };
    assert_eq!((first.id.as_str(), first.name.as_str(), first.icount), ("1", "first", Some(0)));
    assert!(first.date_sec > 0 && first.vm_state_size == 0 && first.vm_clock_nsec == 0);
    fixture.graph.remove("n").expect("it is unused");
    assert_sound(&path);
    qemu_img(&path, "snapshot -a first IMAGE");
    assert_same(&contents(&open(&fixture, true))[..M as usize], &noise(1, M));
}
