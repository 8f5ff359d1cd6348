//! The effects of options on reads, writes and locks.

use std::fs;
use std::os::unix::fs::MetadataExt;

use block::options::{
    BlockdevAioOptions, BlockdevCacheOptions, BlockdevDetectZeroesOptions,
    BlockdevDiscardOptions, BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile,
    BlockdevOptionsNull, OnOffAuto,
};

use crate::support::*;

/// The bytes that a file occupies.
fn space(fixture: &Fixture, name: &str) -> u64 {
    fs::metadata(fixture.path(name)).expect("it is there").blocks() * 512
}

#[test]
fn zeroes_are_detected_if_requested_and_unmapped_if_allowed() {
    for (detect_zeroes, discard, frees) in [
        (BlockdevDetectZeroesOptions::Off, BlockdevDiscardOptions::Unmap, false),
        (BlockdevDetectZeroesOptions::On, BlockdevDiscardOptions::Ignore, false),
        (BlockdevDetectZeroesOptions::Unmap, BlockdevDiscardOptions::Unmap, true),
    ] {
        let fixture = Fixture::new();
        fixture.write("plain", &noise(1, M));
        let mut options = fixture.file("plain").named("n");
        (options.detect_zeroes, options.discard) = (Some(detect_zeroes), Some(discard));
        let node = fixture.add(options);
        node.write(0, &vec![0; M as usize / 2]).expect("it can be written");
        let is_freed = space(&fixture, "plain") <= M / 2;
        assert_eq!(is_freed, frees, "{detect_zeroes:?}, {discard:?}");
        let mut expected = noise(1, M);
        expected[..M as usize / 2].fill(0);
        assert_same(&contents(&node), &expected);
    }
}

#[test]
fn a_qcow2_node_that_detects_zeroes_stores_none() {
    for (detect_zeroes, allocated) in
        [(BlockdevDetectZeroesOptions::Off, true), (BlockdevDetectZeroesOptions::On, false)]
    {
        let fixture = Fixture::new();
        fixture.format("image", |options| options.size = 8 * M);
        let mut options = qcow2(inline(fixture.file("image"))).named("n");
        options.detect_zeroes = Some(detect_zeroes);
        let node = fixture.add(options);
        node.write(0, &vec![0; 4 * M as usize]).expect("it can be written");
        node.write(4 * M, &[7; 512]).expect("it can be written");
        assert_eq!(space(&fixture, "image") >= 4 * M, allocated, "{detect_zeroes:?}");
        assert!(contents(&node)[..4 * M as usize].iter().all(|byte| *byte == 0));
        fixture.graph.remove("n").expect("it is unused");
        assert_sound(&fixture.path("image"));
    }
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let fixture = Fixture::new();
    fixture.write("plain", &[0; 512]);
    let mut shared = fixture.file("plain").named("n");
    shared.force_share = Some(true);
    let mut unmaps = fixture.file("plain").named("n");
    unmaps.detect_zeroes = Some(BlockdevDetectZeroesOptions::Unmap);
    let native = BlockdevOptionsFile {
        aio: Some(BlockdevAioOptions::Native),
        ..BlockdevOptionsFile::new(text(&fixture.path("plain")))
    };
    let native = BlockdevOptions::new(BlockdevDriverOptions::File(native)).named("n");
    for (options, expected) in [
        (shared, "force-share=on can only be used with read-only images"),
        (
            unmaps,
            "setting detect-zeroes to unmap is not allowed without setting discard operation to \
             unmap",
        ),
        (
            native.clone(),
            "aio=native was specified, but it requires cache.direct=on, which was not specified.",
        ),
    ] {
        assert_eq!(fixture.refusal(options), expected);
        assert!(fixture.names().is_empty());
    }
    let cache = Some(BlockdevCacheOptions { direct: Some(true), no_flush: None });
    fixture.add(BlockdevOptions { cache, ..native });
}

#[test]
fn force_share_allows_reading_an_image_in_use() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    let other = Fixture::new();
    let writer = fixture.add(qcow2(inline(fixture.file("image"))).named("writer"));
    writer.write(0, &[7; 512]).expect("it can be written");
    writer.flush().expect("it can be flushed");
    let reader = || {
        let mut file = BlockdevOptionsFile::new(text(&fixture.path("image")));
        file.locking = Some(OnOffAuto::On);
        let file = BlockdevOptions::new(BlockdevDriverOptions::File(file));
        qcow2(inline(file)).named("reader").read_only(true)
    };
    assert_eq!(other.refusal(reader()), "Failed to get shared \"write\" lock");
    let node = other.add(BlockdevOptions { force_share: Some(true), ..reader() });
    assert_same(&contents(&node)[..512], &[7; 512]);
}

#[test]
fn the_name_of_a_null_node_contains_its_options() {
    for (size, read_zeroes, name) in [
        (None, None, "null-co://"),
        (Some(4096), None, "json:{\"driver\": \"null-co\", \"size\": 4096}"),
        (None, Some(true), "json:{\"read-zeroes\": true, \"driver\": \"null-co\"}"),
    ] {
        let fixture = Fixture::new();
        let options = BlockdevDriverOptions::NullCo(BlockdevOptionsNull {
            size,
            latency_ns: None,
            read_zeroes,
        });
        let node = fixture.add(BlockdevOptions::new(options).named("n"));
        assert_eq!(node.filename(), name);
    }
}
