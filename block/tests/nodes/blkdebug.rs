//! blkdebug nodes: injected errors, and the events of images above.

use std::sync::Arc;

use block::nodes::{BackingImages, Node};
use block::options::blkdebug::{
    BlkdebugEvent as Event, BlkdebugInjectErrorOptions, BlkdebugIoType as IoType,
    BlkdebugSetStateOptions, BlockPermission,
};
use block::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsBlkdebug, BlockdevRef,
    BlockdevRefOrNull,
};

use crate::support::*;

const FAILED: &str = "Input/output error";
/// The sector that begins at 4 KiB.
const AT_4K: Option<i64> = Some(8);

/// A rule by which requests of a kind fail.
fn inject(event: Event, iotype: IoType) -> BlkdebugInjectErrorOptions {
    let iotype = Some(iotype);
    BlkdebugInjectErrorOptions { iotype, ..BlkdebugInjectErrorOptions::new(event) }
}

/// Rules by which requests of all kinds fail.
fn inject_all(event: Event) -> Vec<BlkdebugInjectErrorOptions> {
    vec![BlkdebugInjectErrorOptions::new(event), inject(event, IoType::BlockStatus)]
}

fn blkdebug(file: BlockdevOptions, rules: Vec<BlkdebugInjectErrorOptions>) -> BlockdevOptions {
    with(file, |options| options.inject_error = Some(rules))
}

fn with(
    image: impl Into<BlockdevRef>,
    change: impl FnOnce(&mut BlockdevOptionsBlkdebug),
) -> BlockdevOptions {
    let mut options = BlockdevOptionsBlkdebug::new(image.into());
    change(&mut options);
    BlockdevOptions::new(BlockdevDriverOptions::Blkdebug(Box::new(options)))
}

/// The text of the error, or an empty text.
fn outcome<T>(result: block::error::Result<T>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

fn read(node: &Node) -> String {
    outcome(node.read(0, &mut [0; 512]))
}

/// The kinds of requests that fail.
fn failing_requests(node: &Node) -> Vec<&'static str> {
    let kinds = [
        ("read", read(node)),
        ("write", outcome(node.write(0, &[1; 512]))),
        ("zero", outcome(node.write_zeroes(0, 64 * K))),
        ("flush", outcome(node.flush())),
        ("block-status", outcome(node.block_status(0, 512))),
    ];
    let failed = kinds.into_iter().filter(|(_, error)| !error.is_empty());
    failed
        .map(|(kind, error)| {
            assert_eq!(error, FAILED);
            kind
        })
        .collect()
}

#[test]
fn requests_fail_by_kind_after_events_of_a_raw_image_above() {
    let table = [
        (vec![], vec![]),
        (inject_all(Event::None), vec!["read", "write", "zero", "flush", "block-status"]),
        (vec![inject(Event::None, IoType::Read)], vec!["read"]),
        (vec![inject(Event::None, IoType::Write)], vec!["write"]),
        (vec![inject(Event::None, IoType::WriteZeroes)], vec!["zero"]),
        (vec![inject(Event::None, IoType::Flush)], vec!["flush"]),
        (vec![inject(Event::None, IoType::BlockStatus)], vec!["block-status"]),
        // Rules stay active until others replace them.
        (inject_all(Event::ReadAio), vec!["read", "write", "zero", "flush", "block-status"]),
        (inject_all(Event::WriteAio), vec!["write", "zero", "flush", "block-status"]),
        (inject_all(Event::Pwritev), vec!["write", "zero", "flush", "block-status"]),
        (inject_all(Event::PwritevDone), vec!["zero", "flush", "block-status"]),
        (inject_all(Event::PwritevZero), vec!["zero", "flush", "block-status"]),
        (inject_all(Event::FlushToOs), vec!["flush", "block-status"]),
        (inject_all(Event::FlushToDisk), vec!["flush", "block-status"]),
        (inject_all(Event::ReadBackingAio), vec![]),
    ];
    for (rules, expected) in table {
        let fixture = Fixture::new();
        fixture.write("plain", &noise(1, M));
        let options = blkdebug(fixture.file("plain"), rules.clone());
        let node = fixture.add(raw(inline(options)).named("n"));
        assert_eq!(failing_requests(&node), expected, "{rules:?}");
    }
}

#[test]
fn reads_of_the_node_itself_raise_no_event_of_an_image() {
    let fixture = Fixture::new();
    fixture.write("plain", &noise(1, M));
    let rules = vec![inject(Event::ReadAio, IoType::Read)];
    let node = fixture.add(blkdebug(fixture.file("plain"), rules).named("n"));
    assert_same(&contents(&node), &noise(1, M));
}

#[test]
fn a_qcow2_image_reports_an_event_for_each_kind_of_read() {
    // The first cluster is in the backing file, the second in the image, the third in none.
    for (event, is_rule_below, expected) in [
        (Event::ReadAio, false, vec![64 * K]),
        // The backing file is not read through the node, but the rule is active from then on.
        (Event::ReadBackingAio, false, vec![64 * K]),
        (Event::ReadCompressed, false, vec![]),
        (Event::ReadAio, true, vec![0]),
        (Event::ReadBackingAio, true, vec![]),
    ] {
        let fixture = Fixture::new();
        fixture.format("base", |_| {});
        fixture.format("top", |_| {});
        for (name, offset) in [("base", 0), ("top", 64 * K)] {
            let image = with_backing(inline(fixture.file(name)), Some(BlockdevRefOrNull::NONE));
            fixture.add(image.named("n")).write(offset, &noise(1, 64 * K)).expect("writable");
            fixture.graph.remove("n").expect("it is unused");
        }
        let rules =
            vec![BlkdebugInjectErrorOptions { once: Some(true), ..inject(event, IoType::Read) }];
        let file = |name, is_faulty| match is_faulty {
            true => inline(blkdebug(fixture.file(name), rules.clone())),
            false => inline(fixture.file(name)),
        };
        let base = with_backing(file("base", is_rule_below), Some(BlockdevRefOrNull::NONE));
        let top = with_backing(file("top", !is_rule_below), Some(inline(base).into()));
        let node = fixture.add(top.named("n"));
        let mut failed = Vec::new();
        for offset in [128 * K, 64 * K, 0] {
            match outcome(node.read(offset, &mut [0; 512])).as_str() {
                "" => {}
                error => {
                    assert_eq!(error, FAILED);
                    failed.push(offset);
                }
            }
        }
        assert_eq!(failed, expected, "{event:?} {is_rule_below}");
    }
}

#[test]
fn a_qcow2_image_reports_writes_and_flushes() {
    let table = [
        (Event::WriteAio, IoType::Write, ["write", "flush"].as_slice()),
        (Event::FlushToOs, IoType::Write, &["flush"]),
        (Event::FlushToDisk, IoType::Flush, &["flush"]),
    ];
    for (event, kind, expected) in table {
        let fixture = Fixture::new();
        fixture.format("image", |_| {});
        let options = blkdebug(fixture.file("image"), vec![inject(event, kind)]);
        let node = fixture.add(qcow2(inline(options)).named("n"));
        let outcomes =
            [("write", outcome(node.write(0, &[1; 512]))), ("flush", outcome(node.flush()))];
        let failed = outcomes.into_iter().filter(|(_, error)| !error.is_empty());
        let failed: Vec<_> = failed.map(|(kind, _)| kind).collect();
        assert_eq!(failed, expected, "{event:?}");
    }
}

#[test]
fn a_flush_with_nothing_to_do_cannot_fail() {
    let fixture = Fixture::new();
    fixture.write("plain", &noise(1, M));
    let rules = vec![BlkdebugInjectErrorOptions {
        once: Some(true),
        ..inject(Event::None, IoType::Flush)
    }];
    let node = fixture.add(raw(inline(blkdebug(fixture.file("plain"), rules))).named("n"));
    assert_eq!(outcome(node.flush()), "");
    node.write(0, &[1; 512]).expect("it can be written");
    assert_eq!(outcome(node.flush()), FAILED);
    assert_eq!(outcome(node.flush()), "", "once");
}

#[test]
fn requests_are_split_by_the_limits() {
    // Each request is split, and its second piece fails. The first piece has been read or written.
    let rule = BlkdebugInjectErrorOptions::new(Event::None);
    let second = BlkdebugInjectErrorOptions { sector: AT_4K, ..rule };
    let fixture = Fixture::new();
    fixture.write("plain", &vec![1; 16 * K as usize]);
    let options = with(fixture.file("plain"), |options| {
        options.align = Some(4096);
        options.max_transfer = Some(4096);
        options.max_write_zero = Some(4096);
        options.inject_error = Some(vec![second]);
    });
    let node = fixture.add(options.named("n"));
    let mut bytes = vec![0; 8 * K as usize];
    assert_eq!(outcome(node.read(0, &mut bytes)), FAILED);
    assert!(bytes[..4 * K as usize].iter().all(|byte| *byte == 1), "the first piece was read");
    assert_eq!(outcome(node.write(0, &vec![2; 8 * K as usize])), FAILED);
    assert_eq!(outcome(node.write_zeroes(8 * K, 8 * K)), "", "no piece fails");
    assert_eq!(
        outcome(node.read(4 * K - 512, &mut [0; 512])),
        "",
        "the request ends before the sector"
    );
    // An unaligned write is a read-modify-write.
    node.write(512, &[3; 512]).expect("the first piece does not fail");
    fixture.graph.remove("n").expect("it is unused");
    let mut expected = vec![2; 4 * K as usize];
    expected[512..1024].fill(3);
    expected.resize(8 * K as usize, 1);
    expected.resize(16 * K as usize, 0);
    assert_same(&contents(&fixture.add(fixture.file("plain").named("n"))), &expected);
}

#[test]
fn zeroes_that_are_not_aligned_are_written() {
    let fixture = Fixture::new();
    fixture.write("plain", &vec![1; 64 * K as usize]);
    let options = with(fixture.file("plain"), |options| {
        options.opt_write_zero = Some(16384);
        options.inject_error = Some(vec![inject(Event::None, IoType::Write)]);
    });
    let node = fixture.add(options.named("n"));
    assert_eq!(outcome(node.write_zeroes(16 * K, 16 * K)), "");
    assert_eq!(outcome(node.write_zeroes(32 * K, 17 * K)), FAILED);
}

#[test]
fn rules_apply_in_the_state_that_they_wait_for() {
    let fixture = Fixture::new();
    fixture.write("plain", &noise(1, M));
    let in_state_3 =
        BlkdebugInjectErrorOptions { state: Some(3), ..inject(Event::ReadAio, IoType::Read) };
    let next = |state| BlkdebugSetStateOptions {
        event: Event::ReadAio,
        state: Some(state),
        new_state: state + 1,
    };
    let options = with(fixture.file("plain"), |options| {
        options.inject_error = Some(vec![in_state_3]);
        options.set_state = Some(vec![next(1), next(2)]);
    });
    let node = fixture.add(raw(inline(options)).named("n"));
    let reads = [(); 4].map(|()| read(&node));
    assert_eq!(reads, ["", "", FAILED, FAILED]);
}

#[test]
fn permissions_on_the_image_are_taken_and_not_shared_as_given() {
    let write = || Some(vec![BlockPermission::Write]);
    let unshares =
        || with(named("f"), |options| options.unshare_child_perms = write()).named("unshares");
    let takes = || with(named("f"), |options| options.take_child_perms = write()).named("takes");
    let fixture = Fixture::new();
    fixture.write("plain", &noise(1, M));
    fixture.add(fixture.file("plain").named("f"));
    fixture.add(unshares());
    let expected = "Permission conflict on node 'f': permissions 'write' are both required by node \
                    'takes' (uses node 'f' as 'image' child) and unshared by node 'unshares' (uses \
                    node 'f' as 'image' child).";
    assert_eq!(fixture.refusal(takes()), expected);
    fixture.graph.remove("unshares").expect("it is unused");
    fixture.add(takes());
}

#[test]
fn listings_show_the_image_before_the_node() {
    let fixture = Fixture::new();
    fixture.write("plain", &noise(1, M));
    let node = fixture.add(blkdebug(fixture.file("plain"), vec![]).named("n"));
    assert_eq!(fixture.names(), ["#block", "n"]);
    let info = node.info(BackingImages::Nested).expect("the size is known");
    let plain = text(&fixture.path("plain"));
    assert_eq!(info.filename, format!("blkdebug::{plain}"));
    assert_eq!((info.backing_depth, info.image.actual_size), (1, None));
    let below = info.image.backing_image.as_ref().map(|image| image.filename.clone());
    assert_eq!(below.as_deref(), Some(plain.as_str()));
}

#[test]
fn options_cannot_change_when_the_node_is_reopened() {
    let fixture = Fixture::new();
    fixture.write("plain", &noise(1, M));
    let options = |align, max_transfer, read_only| {
        let options = with(fixture.file("plain"), |options| {
            (options.align, options.max_transfer) = (align, max_transfer);
        });
        options.named("n").read_only(read_only)
    };
    let align = Some(512);
    let node: Arc<Node> = fixture.add(options(align, None, false));
    fixture.graph.reopen(&[options(align, None, true)]).expect("it can be read-only");
    assert_eq!(outcome(node.write(0, &[1; 512])), "Block node is read-only");
    for (align, max_transfer, expected) in [
        (Some(1024), None, "Cannot change the option 'align'"),
        (None, None, "Option 'align' cannot be reset to its default value"),
        (align, Some(512), "Cannot change the option 'max-transfer'"),
    ] {
        let reopened = fixture.graph.reopen(&[options(align, max_transfer, true)]);
        assert_eq!(outcome(reopened), expected);
    }
    fixture.add(BlockdevOptions::null_co(1 << 30).named("other"));
    let other = with(named("other"), |options| options.align = align).named("n");
    let error = outcome(fixture.graph.reopen(&[other]));
    assert_eq!(error, "Cannot change the option 'image'");
}

#[test]
fn an_image_whose_header_cannot_be_read_is_not_opened() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    let options = blkdebug(fixture.file("image"), vec![inject(Event::None, IoType::Read)]);
    let error = fixture.refusal(qcow2(inline(options)).named("n"));
    assert_eq!(error, "Could not read qcow2 header: Input/output error");
    assert!(fixture.names().is_empty());
}

#[test]
fn events_of_compressed_data_differ_from_those_of_other_data() {
    let (regular, random) = (vec![1; 64 * K as usize], noise(1, 64 * K));
    for (event, kind, cluster, expected) in [
        (Event::WriteCompressed, IoType::Write, &regular, [FAILED, ""]),
        (Event::WriteAio, IoType::Write, &regular, ["", ""]),
        (Event::ReadCompressed, IoType::Read, &regular, ["", FAILED]),
        (Event::ReadAio, IoType::Read, &regular, ["", ""]),
        // Data that do not compress are written uncompressed.
        (Event::WriteCompressed, IoType::Write, &random, ["", ""]),
        (Event::WriteAio, IoType::Write, &random, [FAILED, ""]),
        (Event::ReadCompressed, IoType::Read, &random, ["", ""]),
        (Event::ReadAio, IoType::Read, &random, ["", FAILED]),
    ] {
        let fixture = Fixture::new();
        fixture.format("image", |_| {});
        let rules = vec![BlkdebugInjectErrorOptions { once: Some(true), ..inject(event, kind) }];
        let options = blkdebug(fixture.file("image"), rules);
        let node = fixture.add(qcow2(inline(options)).named("n"));
        let found = [outcome(node.write_compressed(0, cluster)), read(&node)];
        assert_eq!(found, expected, "{event:?}");
    }
}

#[test]
fn an_image_that_cannot_be_reopened_stays_open_in_its_former_mode() {
    for extended_l2 in [false, true] {
        let fixture = Fixture::new();
        let path = fixture.format("image", |options| options.extended_l2 = extended_l2);
        // Only a writable image reads the refcount table, in the second cluster of 64 KiB.
        let fails_once = BlkdebugInjectErrorOptions {
            sector: Some(128),
            once: Some(true),
            ..inject(Event::None, IoType::Read)
        };
        fixture.add(blkdebug(fixture.file("image"), vec![fails_once]).named("faulty"));
        let image = |read_only| qcow2(named("faulty")).named("n").read_only(read_only);
        let node = fixture.add(image(true));
        let refused = outcome(fixture.graph.reopen(&[image(false)]));
        assert_eq!(refused, format!("Could not open qcow2 image: {FAILED}"));
        assert!(node.is_read_only());
        assert_same(&contents(&node), &vec![0; M as usize]);
        assert_eq!(outcome(node.write(0, &[1; 512])), "Block node is read-only");
        fixture.graph.reopen(&[image(false)]).expect("the fault is gone");
        node.write(0, &[1; 512]).expect("it can be written");
        drop(node);
        fixture.graph.remove_all();
        assert_sound(&path);
    }
}

#[test]
fn the_name_of_a_backing_file_can_contain_rules() {
    let rules = r#""inject-error.0.event": "read_aio", "inject-error.0.iotype": "read""#;
    for (name, fails) in [
        ("blkdebug::$BASE".to_owned(), false),
        (
            format!(
                r#"json:{{"driver": "raw", "file": {{"driver": "blkdebug", "align": 512, {rules},
                    "image": {{"driver": "file", "filename": "$BASE"}}}}}}"#,
            ),
            true,
        ),
    ] {
        let fixture = Fixture::new();
        let base = text(&fixture.write("base", &noise(1, M)));
        fixture.format("top", |options| {
            options.backing_file = Some(name.replace("$BASE", &base));
            options.backing_format = Some("raw".to_owned());
        });
        let node = fixture.add(qcow2(inline(fixture.file("top"))).named("n"));
        let drivers: Vec<_> =
            fixture.graph.nodes().iter().map(|node| node.driver().name()).collect();
        assert!(drivers.contains(&"blkdebug"), "{drivers:?}");
        assert_eq!(read(&node), if fails { FAILED } else { "" }, "{name}");
    }
}
