//! What options of nodes do to reads, writes and locks.

use crate::support::*;
use block::options::{
    BlockdevAioOptions, BlockdevCacheOptions, BlockdevDetectZeroesOptions,
    BlockdevDiscardOptions, BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile,
    BlockdevOptionsNull, OnOffAuto,
};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Bytes that a file takes up.
fn space(bench: &Bench, name: &str) -> u64 {
    fs::metadata(bench.path(name)).expect("it is there").blocks() * 512
}

#[test]
fn zeroes_are_detected_where_asked_for_and_given_back_where_allowed() {
    for (detect_zeroes, discard, gives_back) in [
        (BlockdevDetectZeroesOptions::Off, BlockdevDiscardOptions::Unmap, false),
        (BlockdevDetectZeroesOptions::On, BlockdevDiscardOptions::Ignore, false),
        (BlockdevDetectZeroesOptions::Unmap, BlockdevDiscardOptions::Unmap, true),
    ] {
        let bench = Bench::new();
        bench.write("plain", &noise(1, M));
        let mut options = bench.file("plain").named("n");
        (options.detect_zeroes, options.discard) = (Some(detect_zeroes), Some(discard));
        let node = bench.add(options);
        node.write(0, &vec![0; M as usize / 2]).expect("it can be written");
        let given_back = space(&bench, "plain") <= M / 2;
        assert_eq!(given_back, gives_back, "{detect_zeroes:?}, {discard:?}");
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
        let bench = Bench::new();
        bench.format("image", |options| options.size = 8 * M);
        let mut options = qcow2(inline(bench.file("image"))).named("n");
        options.detect_zeroes = Some(detect_zeroes);
        let node = bench.add(options);
        node.write(0, &vec![0; 4 * M as usize]).expect("it can be written");
        node.write(4 * M, &[7; 512]).expect("it can be written");
        assert_eq!(space(&bench, "image") >= 4 * M, allocated, "{detect_zeroes:?}");
        assert!(contents(&node)[..4 * M as usize].iter().all(|byte| *byte == 0));
        bench.graph.remove("n").expect("nobody uses it");
        assert_sound(&bench.path("image"));
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let bench = Bench::new();
    bench.write("plain", &[0; 512]);
    let mut shared = bench.file("plain").named("n");
    shared.force_share = Some(true);
    let mut unmaps = bench.file("plain").named("n");
    unmaps.detect_zeroes = Some(BlockdevDetectZeroesOptions::Unmap);
    let native = BlockdevOptionsFile {
        aio: Some(BlockdevAioOptions::Native),
        ..BlockdevOptionsFile::new(text(&bench.path("plain")))
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
        assert_eq!(bench.refusal(options), expected);
        assert!(bench.names().is_empty());
    }
    let cache = Some(BlockdevCacheOptions { direct: Some(true), no_flush: None });
    bench.add(BlockdevOptions { cache, ..native });
}

#[test]
fn a_node_that_shares_by_force_looks_at_an_image_in_use() {
    let bench = Bench::new();
    bench.format("image", |_| {});
    let other = Bench::new();
    let writer = bench.add(qcow2(inline(bench.file("image"))).named("writer"));
    writer.write(0, &[7; 512]).expect("it can be written");
    writer.flush().expect("it can be flushed");
    let reader = || {
        let mut file = BlockdevOptionsFile::new(text(&bench.path("image")));
        file.locking = Some(OnOffAuto::On);
        let file = BlockdevOptions::new(BlockdevDriverOptions::File(file));
        qcow2(inline(file)).named("reader").read_only(true)
    };
    assert_eq!(other.refusal(reader()), "Failed to get shared \"write\" lock");
    let node = other.add(BlockdevOptions { force_share: Some(true), ..reader() });
    assert_same(&contents(&node)[..512], &[7; 512]);
}

#[test]
fn a_null_node_goes_by_what_was_said_of_it() {
    for (size, read_zeroes, name) in [
        (None, None, "null-co://"),
        (Some(4096), None, "json:{\"driver\": \"null-co\", \"size\": 4096}"),
        (None, Some(true), "json:{\"read-zeroes\": true, \"driver\": \"null-co\"}"),
    ] {
        let bench = Bench::new();
        let options = BlockdevDriverOptions::NullCo(BlockdevOptionsNull {
            size,
            latency_ns: None,
            read_zeroes,
        });
        let node = bench.add(BlockdevOptions::new(options).named("n"));
        assert_eq!(node.filename(), name);
    }
}
