//! Changes of the size of qcow2 and raw images, compared with QEMU's.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use block::image::storage::Preallocation;

use crate::support::*;

const G: u64 = 1024 * M;
const UNSUPPORTED: &str = "Operation not supported";

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).expect("it is there").len()
}

/// The space that a file occupies, in bytes.
fn space(path: &Path) -> u64 {
    std::fs::metadata(path).expect("it is there").blocks() * 512
}

#[test]
fn an_image_becomes_as_small_as_with_qemu() {
    for (preallocation, before, after) in
        [("off", 9_830_400, 1_376_256), ("metadata", 4_295_884_800, 67_436_544)]
    {
        let fixture = Fixture::new();
        let path = fixture.path("image");
        let option = format!("preallocation={preallocation}");
        let arguments = ["create", "-q", "-f", "qcow2", "-o", &option, &text(&path), "4G"];
        let Some(_) = run_peer("qemu-img", &arguments) else { return };
        let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
        node.write(0, &noise(1, M)).expect("data can be written");
        node.write(3 * G, &noise(2, 8 * M)).expect("data can be written");
        node.flush().expect("it can be flushed");
        assert_eq!(length(&path), before);
        node.shrink(64 * M).expect("it can shrink");
        assert_eq!((length(&path), node.size().expect("known")), (after, 64 * M));
        let expected = [noise(1, M), vec![0; 63 * M as usize]].concat();
        assert_same(&contents(&node), &expected);
        drop(node);
        fixture.graph.remove("n").expect("it is unused");
        // Leaks would count too.
        assert_sound(&path);
    }
}

#[test]
fn new_clusters_are_preallocated_as_with_qemu() {
    for (preallocation, has_space) in [
        (Preallocation::Metadata, false),
        (Preallocation::Falloc, true),
        (Preallocation::Full, true),
    ] {
        let fixture = Fixture::new();
        let path = fixture.format("image", |image| image.size = M);
        let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
        node.grow_with(9 * M, preallocation).expect("it can grow");
        assert_eq!(length(&path), 8_716_288, "{preallocation:?}");
        assert_eq!(space(&path) >= 8 * M, has_space, "{preallocation:?}");
        assert_same(&contents(&node), &vec![0; 9 * M as usize]);
        // There is room for all data now.
        node.write(M, &noise(1, 8 * M)).expect("data can be written");
        node.flush().expect("it can be flushed");
        assert_eq!(length(&path), 8_716_288, "{preallocation:?}");
        drop(node);
        fixture.graph.remove("n").expect("it is unused");
        assert_sound(&path);
    }
}

#[test]
fn new_clusters_over_a_longer_backing_file_are_zero() {
    let fixture = Fixture::new();
    fixture.write("base", &noise(1, 4 * M));
    for preallocation in [Preallocation::Off, Preallocation::Metadata] {
        let path = fixture.format("image", |image| image.size = M + 512);
        let base = fixture.add(raw(inline(fixture.file("base"))).named("base").read_only(true));
        let node = fixture.add(
            with_backing(inline(fixture.file("image")), Some(named("base").into())).named("n"),
        );
        node.grow_with(3 * M, preallocation).expect("it can grow");
        let mut expected = noise(1, 4 * M)[..M as usize + 512].to_vec();
        expected.resize(3 * M as usize, 0);
        assert_same(&contents(&node), &expected);
        drop((base, node));
        fixture.graph.remove("n").expect("it is unused");
        fixture.graph.remove("base").expect("it is unused");
        assert_sound(&path);
    }
}

#[test]
fn a_data_file_grows_as_with_qemu() {
    let modes = [Preallocation::Off, Preallocation::Metadata, Preallocation::Falloc];
    for (is_raw, extended, lengths) in [
        (true, false, [2_162_688; 3]),
        (false, false, [2_097_664, 2_162_688, 2_162_688]),
        (false, true, [2_097_664, 2_099_200, 2_099_200]),
    ] {
        for (preallocation, expected) in modes.into_iter().zip(lengths) {
            let fixture = Fixture::new();
            fixture.write("data", b"");
            let path = fixture.format("image", |image| {
                image.data_file = Some(inline(fixture.file("data")));
                (image.data_file_raw, image.extended_l2) = (is_raw, extended);
            });
            let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
            node.write(0, &noise(1, M)).expect("data can be written");
            node.grow_with(2 * M + 512, preallocation).expect("it can grow");
            let mut data = noise(1, M);
            data.resize(2 * M as usize + 512, 0);
            assert_same(&contents(&node), &data);
            assert_eq!(length(&fixture.path("data")), expected, "{is_raw} {preallocation:?}");
            node.shrink(512 * K).expect("it can shrink");
            assert_eq!(length(&fixture.path("data")), 512 * K);
            drop(node);
            fixture.graph.remove("n").expect("it is unused");
            assert_sound(&path);
        }
    }
}

#[test]
fn raw_images_are_preallocated_on_the_host() {
    for (preallocation, has_space) in
        [(Preallocation::Off, false), (Preallocation::Falloc, true), (Preallocation::Full, true)]
    {
        let fixture = Fixture::new();
        let path = fixture.write("image", &noise(1, M));
        let node = fixture.add(raw(inline(fixture.file("image"))).named("n"));
        node.grow_with(9 * M, preallocation).expect("it can grow");
        assert_eq!(length(&path), 9 * M);
        assert_eq!(space(&path) >= 9 * M, has_space, "{preallocation:?}");
        let mut expected = noise(1, M);
        expected.resize(9 * M as usize, 0);
        assert_same(&contents(&node), &expected);
        let refused = node.grow_with(10 * M, Preallocation::Metadata);
        assert_eq!(refused.expect_err("there are no metadata").to_string(), UNSUPPORTED);
        assert_eq!(length(&path), 9 * M);
    }
}
