//! Adding, finding and removing nodes, and their permissions.

use std::os::unix::fs::symlink;

use block::create::Qcow2Create;
use block::nodes::BackingImages;
use block::nodes::{NodeUse, Operation};
use block::options::{
    BlockdevCacheOptions, BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsRaw,
    BlockdevRefOrNull,
};

use crate::support::*;

fn null() -> BlockdevOptions {
    BlockdevOptions::null_co(M)
}

#[test]
fn names_must_be_identifiers_of_at_most_31_bytes() {
    let fixture = Fixture::new();
    for name in ["a", "A9-._", &"x".repeat(31)] {
        fixture.add(null().named(name));
    }
    for name in ["", "1x", "a b", "#x", "é", "-a"] {
        assert_eq!(fixture.refusal(null().named(name)), format!("Invalid node-name: '{name}'"));
    }
    assert_eq!(fixture.refusal(null().named("x".repeat(32))), "Node name too long");
    assert_eq!(fixture.refusal(null().named("a")), "Duplicate nodes with node-name='a'");
    assert_eq!(fixture.refusal(null()), "'node-name' must be specified for the root node");
}

#[test]
fn a_node_that_cannot_be_opened_reports_why_and_leaves_no_node() {
    let fixture = Fixture::new();
    fixture.write("text", &[b'x'; 4096]);
    fixture.write("empty", b"");
    let folder = text(fixture.folder.path());
    let missing = format!("{folder}/missing");
    let no_file = format!("Could not open '{missing}': No such file or directory");
    let cases = [
        (file(&missing), no_file.as_str()),
        (file(&folder), &format!("Could not open '{folder}': Is a directory")),
        (
            file(&folder).read_only(true),
            &format!("'file' driver requires '{folder}' to be a regular file"),
        ),
        (file(""), "The 'file' block driver requires a file name"),
        (file("/dev/null"), "'file' driver requires '/dev/null' to be a regular file"),
        (raw(named("nope")), "Cannot find device='nope' nor node-name='nope'"),
        (raw(named("n")), "Cannot find device='n' nor node-name='n'"),
        (raw(inline(file(&missing))), &no_file),
        (raw(inline(fixture.file("text").named("n"))), "Duplicate nodes with node-name='n'"),
        (qcow2(inline(fixture.file("text"))), "Image is not in qcow2 format"),
        (qcow2(inline(fixture.file("empty"))), "Image is not in qcow2 format"),
    ];
    for (options, expected) in cases {
        assert_eq!(fixture.refusal(options.named("n")), expected);
        assert!(fixture.names().is_empty(), "left behind: {:?}", fixture.names());
    }
}

#[test]
fn a_missing_backing_file_leaves_no_node() {
    let fixture = Fixture::new();
    fixture.format("overlay", |options| {
        options.backing_file = Some("gone".into());
        options.backing_format = Some("raw".into());
    });
    let gone = text(&fixture.path("gone"));
    assert_eq!(
        fixture.refusal(qcow2(inline(fixture.file("overlay"))).named("n")),
        format!(
            "Could not open backing file: Could not open '{gone}': No such file or directory"
        )
    );
    assert_eq!(
        fixture.refusal(
            with_backing(inline(fixture.file("overlay")), Some(named("nope").into())).named("n")
        ),
        "Could not open backing file: Cannot find device='nope' nor node-name='nope'"
    );
    assert!(fixture.names().is_empty());
    // The image locks are released too, so that the image can be opened with other options.
    fixture.add(
        with_backing(inline(fixture.file("overlay")), Some(BlockdevRefOrNull::NONE)).named("n"),
    );
}

#[test]
fn an_image_that_backs_itself_is_refused() {
    let fixture = Fixture::new();
    fixture.format("loop", |options| {
        options.backing_file = Some("loop".into());
        options.backing_format = Some("qcow2".into());
    });
    let refusal = fixture.refusal(qcow2(inline(fixture.file("loop"))).named("n").read_only(true));
    assert!(refusal.ends_with("at most 200 can be opened in one chain"), "{refusal}");
    assert!(fixture.names().is_empty());
}

#[test]
fn nodes_are_listed_from_the_newest_on_with_backing_files_above_their_overlays() {
    let fixture = Fixture::new();
    fixture.write("base", &noise(1, M));
    fixture.format("overlay", |options| {
        options.backing_file = Some("base".into());
        options.backing_format = Some("raw".into());
    });
    fixture.add(null().named("first"));
    fixture.add(qcow2(inline(fixture.file("overlay"))).named("top"));
    assert_eq!(fixture.names(), ["#block", "#block", "top", "#block", "first"]);
    let [raw, file, top, overlay_file, first] = &fixture.graph.nodes()[..] else {
        panic!("five nodes")
    };
    let drivers = [raw, file, top, overlay_file, first].map(|node| node.driver().name());
    assert_eq!(drivers, ["raw", "file", "qcow2", "file", "null-co"]);
    let read_only = [raw, file, top, overlay_file].map(|node| node.is_read_only());
    assert_eq!(read_only, [true, true, false, false]);
    assert_same(&contents(top), &noise(1, M));
}

#[test]
fn removing_a_node_removes_nodes_that_were_opened_with_it() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    fixture.write("plain", &[0; 512]);
    fixture.add(fixture.file("plain").named("shared"));
    fixture.add(raw(named("shared")).named("above"));
    fixture.add(qcow2(inline(fixture.file("image").named("below"))).named("top"));
    let refusal = |name| fixture.graph.remove(name).expect_err("in use").to_string();
    assert_eq!(refusal("shared"), "Block device shared is in use");
    assert_eq!(refusal("below"), "Node below is not owned by the monitor");
    assert_eq!(refusal("nope"), "Failed to find node with node-name='nope'");
    fixture.graph.remove("top").expect("it is unused");
    fixture.graph.remove("above").expect("it is unused");
    assert_eq!(fixture.names(), ["shared"]);
    assert_eq!(refusal("top"), "Failed to find node with node-name='top'");
    fixture.graph.remove_all();
    assert!(fixture.names().is_empty());
}

#[test]
fn a_backing_file_can_be_copied_but_not_removed() {
    let fixture = Fixture::new();
    fixture.format("overlay", |_| {});
    fixture.add(null().named("base"));
    let backing = Some(named("base").into());
    fixture.add(with_backing(inline(fixture.file("overlay")), backing).named("top"));
    assert_eq!(
        fixture.graph.remove("base").expect_err("in use").to_string(),
        "Node 'base' is busy: node is used as backing hd of 'top'"
    );
    let base = fixture.graph.get("base").expect("it is there");
    for operation in [Operation::BackupSource, Operation::BackupTarget] {
        fixture.graph.check_free(&base, operation).expect("copying is allowed");
    }
}

#[test]
fn two_formats_on_one_file_are_refused_but_raw_nodes_share_it() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    fixture.add(qcow2(inline(fixture.file("image").named("f"))).named("one"));
    let conflict = |user: &str| {
        format!(
            "Permission conflict on node 'f': permissions 'write, resize' are both required by \
             node 'one' (uses node 'f' as 'file' child) and unshared by node '{user}' (uses node \
             'f' as 'file' child)."
        )
    };
    assert_eq!(fixture.refusal(qcow2(named("f")).named("two")), conflict("two"));
    let read_only = qcow2(named("f")).named("three").read_only(true);
    assert_eq!(fixture.refusal(read_only), conflict("three"));
    fixture.add(raw(named("f")).named("raw"));
    assert_eq!(fixture.names(), ["raw", "one", "f"]);
}

#[test]
fn a_format_needs_a_file_that_it_can_write() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    fixture.add(fixture.file("image").named("f").read_only(true));
    assert_eq!(fixture.refusal(qcow2(named("f")).named("n")), "Block node is read-only");
    fixture.add(qcow2(named("f")).named("n").read_only(true));
}

#[test]
fn the_nodes_of_a_job_cannot_be_removed() {
    let fixture = Fixture::new();
    for name in ["src", "dst", "other"] {
        fixture.add(null().named(name));
    }
    let get = |name| fixture.graph.get(name).expect("it is there");
    let written = |node| NodeUse { attached: false, ..NodeUse::target(node) };
    let uses = |source, target| [NodeUse::source(get(source)), written(get(target))];
    let job = fixture.graph.reserve("backup", "j0", uses("src", "dst")).expect("both are free");
    let busy = "Node 'dst' is busy: block device is in use by block job: backup";
    for operation in [Operation::Delete, Operation::BackupSource, Operation::BackupTarget] {
        let refused = fixture.graph.check_free(&get("dst"), operation).expect_err("it is busy");
        assert_eq!(refused.to_string(), busy);
    }
    assert_eq!(fixture.graph.remove("dst").expect_err("busy").to_string(), busy);
    let refused = fixture.graph.remove("src").expect_err("in use").to_string();
    assert_eq!(refused, "Block device src is in use");
    // A second copy from the same source causes no conflict; a copy to it does.
    let second = fixture.graph.reserve("backup", "j1", uses("src", "other")).expect("shared");
    drop(second);
    let refused = fixture
        .graph
        .reserve("backup", "j1", uses("other", "src"))
        .expect_err("the source does not share writes");
    assert_eq!(
        refused.to_string(),
        "Permission conflict on node 'src': permissions 'write' are both required by backup job \
         'j1' (uses node 'src' as 'target' child) and unshared by backup job 'j0' (uses node \
         'src' as 'file' child)."
    );
    drop(job);
    fixture.graph.remove("dst").expect("it is free again");
    fixture.graph.remove("src").expect("it is free again");
}

#[test]
fn a_failed_reservation_reserves_no_node() {
    let fixture = Fixture::new();
    fixture.add(null().named("src"));
    fixture.add(null().named("dst").read_only(true));
    let get = |name| fixture.graph.get(name).expect("it is there");
    let uses = [NodeUse::source(get("src")), NodeUse::target(get("dst"))];
    let refused = fixture.graph.reserve("backup", "j0", uses).expect_err("read-only");
    assert_eq!(refused.to_string(), "Block node is read-only");
    fixture.graph.remove("src").expect("it is not reserved");
}

#[test]
fn images_have_names_that_open_the_same_nodes() {
    let fixture = Fixture::new();
    fixture.write("base", &[0; 4096]);
    let base = text(&fixture.path("base"));
    for (name, backing) in [("relative", "base"), ("absolute", base.as_str())] {
        fixture.format(name, |options| {
            options.backing_file = Some(backing.into());
            options.backing_format = Some("raw".into());
        });
    }
    fixture.add(raw(inline(fixture.file("base"))).named("b").read_only(true));
    let path = |name| text(&fixture.path(name));
    let json = |name, backing: &str| {
        let file = path(name);
        format!(
            "json:{{\"backing\": {backing}, \"driver\": \"qcow2\", \"file\": {{\"driver\": \
             \"file\", \"filename\": \"{file}\"}}}}"
        )
    };
    let described = format!(
        "{{\"driver\": \"raw\", \"file\": {{\"driver\": \"file\", \"filename\": \"{base}\"}}}}"
    );
    let by_name = || Some(named("b").into());
    let cases = [
        ("relative", None, path("relative")),
        ("relative", by_name(), json("relative", &described)),
        ("relative", Some(BlockdevRefOrNull::NONE), json("relative", "null")),
        ("absolute", None, path("absolute")),
        ("absolute", by_name(), path("absolute")),
    ];
    for (name, backing, expected) in cases {
        let has_backing = !matches!(backing, Some(BlockdevRefOrNull::Null(_)));
        let node = fixture.add(with_backing(inline(fixture.file(name)), backing).named("n"));
        let info = node.info(BackingImages::Nested).expect("sizes are known");
        assert_eq!(info.filename, expected);
        assert_eq!(info.image.full_backing_filename.as_deref(), Some(base.as_str()));
        assert_eq!(info.backing_filename.is_some(), has_backing);
        assert_eq!(info.backing_depth, u32::from(has_backing));
        fixture.graph.remove("n").expect("it is unused");
    }
}

#[test]
fn children_inherit_cache_options_and_read_only() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    let mut options = qcow2(inline(fixture.file("image").named("f"))).named("n").read_only(true);
    options.cache = Some(BlockdevCacheOptions { direct: None, no_flush: Some(true) });
    fixture.add(options);
    let below = fixture.graph.get("f").expect("it is there");
    assert!(below.is_read_only() && below.cache().no_flush && !below.cache().direct);
}

#[test]
fn a_link_to_an_image_is_the_same_image() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    symlink(&path, fixture.path("link")).expect("links can be made");
    fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    let refusal = fixture.refusal(qcow2(inline(fixture.file("link"))).named("m"));
    assert_eq!(refusal, "Failed to get \"write\" lock");
}

#[test]
fn a_write_protected_file_is_opened_read_only_if_that_is_allowed() {
    // A file that is write-protected even for the superuser.
    let path = "/sys/kernel/fscaps";
    if !std::path::Path::new(path).is_file() {
        surroundings::skip(format!("there is no {path}"));
        return;
    }
    let fixture = Fixture::new();
    let refusal = fixture.refusal(file(path).named("n"));
    assert!(refusal.starts_with(&format!("Could not open '{path}': ")), "{refusal}");
    let mut options = file(path).named("n");
    options.auto_read_only = Some(true);
    assert!(fixture.add(options).is_read_only());
    fixture.graph.remove("n").expect("it is unused");
    // A file that is described inline inherits the option, and nothing else allows it.
    let mut options = raw(inline(file(path).named("f"))).named("n");
    assert_eq!(fixture.refusal(options.clone()), refusal);
    options.auto_read_only = Some(true);
    fixture.add(options);
    assert!(fixture.graph.get("f").expect("it is there").is_read_only());
    // A writer above learns why the file is read-only.
    let mut options = qcow2(named("f")).named("q");
    options.auto_read_only = Some(true);
    assert_eq!(fixture.refusal(options), refusal);
}

#[test]
fn a_raw_node_can_show_a_part_of_its_file() {
    let fixture = Fixture::new();
    let all = noise(1, 4 * M);
    let path = text(&fixture.write("plain", &all));
    let part = |offset: Option<u64>, size: Option<u64>| {
        let mut options = BlockdevOptionsRaw::new(inline(fixture.file("plain")));
        options.offset = offset.map(u64::cast_signed);
        options.size = size.map(u64::cast_signed);
        BlockdevOptions::new(BlockdevDriverOptions::Raw(options)).named("n")
    };
    let json = |parts: &str| {
        format!("json:{{{parts}, \"file\": {{\"driver\": \"file\", \"filename\": \"{path}\"}}}}")
    };
    for (offset, size, range, name) in [
        (Some(1024), None, 1024..4 * M, "\"offset\": 1024, \"driver\": \"raw\""),
        (None, Some(4096), 0..4096, "\"driver\": \"raw\", \"size\": 4096"),
        (Some(100), Some(512), 100..612, "\"offset\": 100, \"driver\": \"raw\", \"size\": 512"),
        (Some(4 * M), None, 4 * M..4 * M, "\"offset\": 4194304, \"driver\": \"raw\""),
    ] {
        let node = fixture.add(part(offset, size));
        assert_same(&contents(&node), &all[range.start as usize..range.end as usize]);
        assert_eq!(node.filename(), json(name));
        fixture.graph.remove("n").expect("it is unused");
    }
    let sum = "The sum of offset (1048576) and size (3146240) has to be smaller or equal to the  \
               actual size of the containing file (4194304)";
    for (offset, size, expected) in [
        (
            Some(5 * M),
            None,
            "Offset (5242880) cannot be greater than size of the containing file (4194304)",
        ),
        (None, Some(1000), "Specified size is not multiple of 512"),
        (Some(M), Some(3 * M + 512), sum),
    ] {
        assert_eq!(fixture.refusal(part(offset, size)), expected);
    }
    let node = fixture.add(part(Some(100), Some(1024)));
    node.write_zeroes(0, 512).expect("it can be written");
    node.write(512, &[7; 512]).expect("it can be written");
    let error = node.write(1024, &[7; 512]).expect_err("beyond the end");
    assert_eq!(error.to_string(), "Input/output error");
    // A format cannot write beyond the end of the range.
    let error = Qcow2Create::new(named("n"), M).create(&fixture.graph).expect_err("no room");
    assert_eq!(error.to_string(), "Could not write qcow2 header: No space left on device");
    let mut expected = all;
    expected[100..612].fill(0);
    expected[612..1124].fill(7);
    assert_same(&std::fs::read(path).expect("it is there"), &expected);
}
