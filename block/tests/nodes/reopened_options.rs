//! Options that are said again, or no longer, when a node is reopened: what comes of that is what
//! the real daemon makes of it. And the locks of images that are opened in another way.

use crate::support::*;
use block::options::{BlockdevDetectZeroesOptions, BlockdevOptions};

/// A raw node, whose file is described within it.
fn with_file(bench: &Bench, file: BlockdevOptions) -> BlockdevOptions {
    raw(inline(BlockdevOptions { node_name: Some("file".into()), ..file_of(bench, file) }))
        .named("raw")
}

/// The options of a file, but for its path.
fn file_of(bench: &Bench, options: BlockdevOptions) -> BlockdevOptions {
    BlockdevOptions { driver: bench.file("disk").driver, ..options }
}

#[test]
fn zeroes_are_no_longer_detected_where_that_is_said_beside_the_node_above() {
    let bench = Bench::new();
    bench.write("disk", &[0; 512]);
    let node = bench.add(with_file(&bench, bench.file("disk")));
    let file = node.file().expect("a file");
    let detects =
        |detect_zeroes| BlockdevOptions { detect_zeroes, ..bench.file("disk").named("file") };
    let (says_off, says_on) =
        (Some(BlockdevDetectZeroesOptions::Off), Some(BlockdevDetectZeroesOptions::On));
    let above = || raw(named("file")).named("raw");
    // What is said from the beginning on, and what is left of it.
    let table = [
        (vec![detects(says_off), above()], BlockdevDetectZeroesOptions::Off),
        (vec![above(), detects(says_off)], BlockdevDetectZeroesOptions::Off),
        (
            vec![with_file(&bench, detects(says_on)), detects(says_off)],
            BlockdevDetectZeroesOptions::Off,
        ),
        (
            vec![detects(says_off), with_file(&bench, detects(says_on))],
            BlockdevDetectZeroesOptions::On,
        ),
        (vec![detects(None), above()], BlockdevDetectZeroesOptions::On),
        (vec![above(), detects(None)], BlockdevDetectZeroesOptions::On),
    ];
    for (number, (options, expected)) in table.into_iter().enumerate() {
        let on = with_file(&bench, detects(says_on));
        bench.graph.reopen(&[on]).expect("it can be changed");
        assert_eq!(file.detect_zeroes(), BlockdevDetectZeroesOptions::On);
        bench.graph.reopen(&options).expect("they can be changed");
        assert_eq!(file.detect_zeroes(), expected, "number {number}");
    }
}

#[test]
fn nobody_says_again_whether_an_image_is_shared_nor_takes_it_back() {
    let again = "Cannot change the option 'force-share'";
    let no_longer = "Option 'force-share' cannot be reset to its default value";
    // What the node above and its file said, what they say now, and what is refused of that.
    let table = [
        ((None, None), (None, None), None),
        ((None, None), (None, Some(false)), Some(again)),
        ((None, None), (Some(true), None), Some(again)),
        ((None, Some(true)), (None, None), Some(no_longer)),
        ((None, Some(true)), (None, Some(false)), Some(again)),
        ((None, Some(false)), (None, None), Some(no_longer)),
        ((Some(true), None), (None, None), Some(no_longer)),
        ((Some(true), None), (Some(true), None), Some(again)),
        ((Some(true), Some(true)), (Some(true), None), Some(again)),
    ];
    for (before, after, expected) in table {
        let bench = Bench::new();
        bench.write("disk", &[0; 512]);
        let describe = |(above, file): (Option<bool>, Option<bool>)| {
            let file = BlockdevOptions { force_share: file, ..bench.file("disk") };
            BlockdevOptions { force_share: above, ..with_file(&bench, file).read_only(true) }
        };
        bench.add(describe(before));
        let reopened = bench.graph.reopen(&[describe(after)]).map_err(|e| e.to_string());
        assert_eq!(reopened.err().as_deref(), expected, "{before:?}, then {after:?}");
    }
}

#[test]
fn a_file_that_is_shared_says_so_when_the_node_above_is_reopened() {
    let bench = Bench::new();
    bench.write("disk", &[0; 512]);
    let file = BlockdevOptions { force_share: Some(true), ..bench.file("disk") };
    bench.add(with_file(&bench, file).read_only(true));
    let above = raw(named("file")).named("raw").read_only(true);
    let refused = bench.graph.reopen(&[above]).expect_err("the file says it again");
    assert_eq!(refused.to_string(), "Cannot change the option 'force-share'");
}

#[test]
fn a_reopened_image_keeps_others_out_as_it_is_open_by_then() {
    let bench = Bench::new();
    bench.format("image", |_| {});
    let image = || qcow2(inline(bench.file("image")));
    let node = bench.add(image().named("node"));
    let write = "Failed to get \"write\" lock";
    let shared_write = "Failed to get shared \"write\" lock";
    for _ in 0..2 {
        assert_eq!(bench.refusal(image().named("other")), write);
        assert_eq!(bench.refusal(image().named("other").read_only(true)), shared_write);
        let read_only = image().named("node").read_only(true);
        bench.graph.reopen(&[read_only]).expect("nobody writes");
        assert_eq!(bench.refusal(image().named("other")), write);
        bench.add(image().named("reader").read_only(true));
        // It stays as it is, and so do its locks.
        let refused = bench.graph.reopen(&[image().named("node")]).expect_err("it is read");
        assert_eq!(refused.to_string(), write);
        assert!(node.is_read_only());
        bench.graph.remove("reader").expect("nobody uses it");
        assert_eq!(bench.refusal(image().named("other")), write);
        bench.graph.reopen(&[image().named("node")]).expect("nobody reads it any more");
    }
}
