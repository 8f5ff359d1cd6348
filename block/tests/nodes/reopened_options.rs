//! Options that are repeated or omitted when a node is reopened, with the results of the real
//! daemon, and the locks of reopened images.

use block::options::{BlockdevDetectZeroesOptions, BlockdevOptions};

use crate::support::*;

/// A raw node with an inline description of its file.
fn with_file(fixture: &Fixture, file: BlockdevOptions) -> BlockdevOptions {
    raw(inline(BlockdevOptions { node_name: Some("file".into()), ..file_of(fixture, file) }))
        .named("raw")
}

/// The options of a file, without its path.
fn file_of(fixture: &Fixture, options: BlockdevOptions) -> BlockdevOptions {
    BlockdevOptions { driver: fixture.file("disk").driver, ..options }
}

#[test]
fn detect_zeroes_of_a_child_beside_its_parent_applies_as_in_qemu() {
    let fixture = Fixture::new();
    fixture.write("disk", &[0; 512]);
    let node = fixture.add(with_file(&fixture, fixture.file("disk")));
    let file = node.file().expect("a file");
    let detects =
        |detect_zeroes| BlockdevOptions { detect_zeroes, ..fixture.file("disk").named("file") };
    let (says_off, says_on) =
        (Some(BlockdevDetectZeroesOptions::Off), Some(BlockdevDetectZeroesOptions::On));
    let above = || raw(named("file")).named("raw");
    // The descriptions, and the resulting option of the file.
    let table = [
        (vec![detects(says_off), above()], BlockdevDetectZeroesOptions::Off),
        (vec![above(), detects(says_off)], BlockdevDetectZeroesOptions::Off),
        (
            vec![with_file(&fixture, detects(says_on)), detects(says_off)],
            BlockdevDetectZeroesOptions::Off,
        ),
        (
            vec![detects(says_off), with_file(&fixture, detects(says_on))],
            BlockdevDetectZeroesOptions::On,
        ),
        (vec![detects(None), above()], BlockdevDetectZeroesOptions::On),
        (vec![above(), detects(None)], BlockdevDetectZeroesOptions::On),
    ];
    for (number, (options, expected)) in table.into_iter().enumerate() {
        let on = with_file(&fixture, detects(says_on));
        fixture.graph.reopen(&[on]).expect("it can be changed");
        assert_eq!(file.detect_zeroes(), BlockdevDetectZeroesOptions::On);
        fixture.graph.reopen(&options).expect("they can be changed");
        assert_eq!(file.detect_zeroes(), expected, "number {number}");
    }
}

#[test]
fn force_share_can_be_neither_repeated_nor_removed() {
    let again = "Cannot change the option 'force-share'";
    let no_longer = "Option 'force-share' cannot be reset to its default value";
    // The former and the new options of the node and its file, and the error.
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
        let fixture = Fixture::new();
        fixture.write("disk", &[0; 512]);
        let describe = |(above, file): (Option<bool>, Option<bool>)| {
            let file = BlockdevOptions { force_share: file, ..fixture.file("disk") };
            BlockdevOptions { force_share: above, ..with_file(&fixture, file).read_only(true) }
        };
        fixture.add(describe(before));
        let reopened = fixture.graph.reopen(&[describe(after)]).map_err(|e| e.to_string());
        assert_eq!(reopened.err().as_deref(), expected, "{before:?}, then {after:?}");
    }
}

#[test]
fn force_share_of_a_file_applies_when_its_parent_is_reopened() {
    let fixture = Fixture::new();
    fixture.write("disk", &[0; 512]);
    let file = BlockdevOptions { force_share: Some(true), ..fixture.file("disk") };
    fixture.add(with_file(&fixture, file).read_only(true));
    let above = raw(named("file")).named("raw").read_only(true);
    let refused = fixture.graph.reopen(&[above]).expect_err("the file repeats the option");
    assert_eq!(refused.to_string(), "Cannot change the option 'force-share'");
}

#[test]
fn the_locks_of_a_reopened_image_follow_its_mode() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    let image = || qcow2(inline(fixture.file("image")));
    let node = fixture.add(image().named("node"));
    let write = "Failed to get \"write\" lock";
    let shared_write = "Failed to get shared \"write\" lock";
    for _ in 0..2 {
        assert_eq!(fixture.refusal(image().named("other")), write);
        assert_eq!(fixture.refusal(image().named("other").read_only(true)), shared_write);
        let read_only = image().named("node").read_only(true);
        fixture.graph.reopen(&[read_only]).expect("the node has no writer");
        assert_eq!(fixture.refusal(image().named("other")), write);
        fixture.add(image().named("reader").read_only(true));
        // The node and its locks are unchanged.
        let refused = fixture.graph.reopen(&[image().named("node")]).expect_err("it is read");
        assert_eq!(refused.to_string(), write);
        assert!(node.is_read_only());
        fixture.graph.remove("reader").expect("it is unused");
        assert_eq!(fixture.refusal(image().named("other")), write);
        fixture.graph.reopen(&[image().named("node")]).expect("the file has no reader");
    }
}
