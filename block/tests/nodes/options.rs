//! The effects of options on reads, writes and locks.

use std::fs;
use std::os::unix::fs::MetadataExt;

use block::create::Qcow2Version;
use block::options::{
    BlockdevAioOptions, BlockdevCacheOptions, BlockdevDetectZeroesOptions,
    BlockdevDiscardOptions, BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile,
    BlockdevOptionsNull, BlockdevOptionsQcow2, OnOffAuto,
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
        (BlockdevDetectZeroesOptions::On, BlockdevDiscardOptions::Unmap, false),
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

/// A change of the options of an image, with the name of the image and the error.
type Case = (&'static str, fn(&mut BlockdevOptionsQcow2), &'static str);

const ENTRY: &str =
    "L2 cache entry size must be a power of two between 512 and the cluster size (65536)";
const INTERVAL: &str = "Cache clean interval too big";

const REFUSED: [Case; 14] = [
    (
        "image",
        |o| o.cache_size = Some(-1),
        "Value '-1' is out of range for parameter 'cache-size'",
    ),
    (
        "image",
        |o| o.l2_cache_size = Some(-1),
        "Value '-1' is out of range for parameter 'l2-cache-size'",
    ),
    (
        "image",
        |o| o.refcount_cache_size = Some(-5),
        "Value '-5' is out of range for parameter 'refcount-cache-size'",
    ),
    (
        "image",
        |o| (o.cache_size, o.l2_cache_size) = (Some(1), Some(2)),
        "l2-cache-size may not exceed cache-size",
    ),
    (
        "image",
        |o| (o.cache_size, o.refcount_cache_size) = (Some(1), Some(2)),
        "refcount-cache-size may not exceed cache-size",
    ),
    (
        "image",
        |o| {
            (o.cache_size, o.l2_cache_size) = (Some(4), Some(2));
            o.refcount_cache_size = Some(2);
        },
        "cache-size, l2-cache-size and refcount-cache-size may not be set at the same time",
    ),
    ("image", |o| o.cache_size = Some(i64::MAX), "Refcount cache size too big"),
    ("image", |o| o.l2_cache_entry_size = Some(0), ENTRY),
    ("image", |o| o.l2_cache_entry_size = Some(513), ENTRY),
    ("image", |o| o.l2_cache_entry_size = Some(131_072), ENTRY),
    ("image", |o| o.cache_clean_interval = Some(-1), INTERVAL),
    ("image", |o| o.cache_clean_interval = Some(1 << 32), INTERVAL),
    (
        "old",
        |o| o.lazy_refcounts = Some(true),
        "Lazy refcounts require a qcow2 image with at least qemu 1.1 compatibility level",
    ),
    (
        "old",
        |o| o.discard_no_unref = Some(true),
        "discard-no-unref is only supported since qcow2 version 3",
    ),
];

#[test]
fn options_that_tune_a_qcow2_image_are_checked_as_in_qemu() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    fixture.format("old", |options| options.version = Qcow2Version::V2);
    let options = |name: &str, change: fn(&mut BlockdevOptionsQcow2)| {
        let mut options = BlockdevOptionsQcow2::new(inline(fixture.file(name)));
        change(&mut options);
        BlockdevOptions::from(options).named("n")
    };
    for (name, change, expected) in REFUSED {
        assert_eq!(fixture.refusal(options(name, change)), expected);
        fixture.add(options(name, |_| {}));
        let refused = fixture.graph.reopen(&[options(name, change)]).expect_err(expected);
        assert_eq!(refused.to_string(), expected, "when the node is reopened");
        let sizes = |o: &mut BlockdevOptionsQcow2| {
            (o.cache_size, o.l2_cache_entry_size) = (Some(1 << 20), Some(512));
        };
        fixture.graph.reopen(&[options(name, sizes)]).expect("the sizes can change");
        fixture.graph.remove("n").expect("it is unused");
    }
}
