//! Changes of open nodes: filters, temporary write access, options and backing nodes.

use std::path::Path;
use std::sync::Arc;

use block::image::permissions::Permissions;
use block::nodes::BackingImages;
use block::nodes::backing::{BackingChange, chain};
use block::nodes::{CacheMode, Driver, FilterOptions, Node, NodeUse};
use block::options::{BlockdevCacheOptions, BlockdevOptions, BlockdevRefOrNull};

use crate::support::*;

/// The images base, mid and top in a chain, each with some data.
fn chain_of_images(fixture: &Fixture) {
    let mut below = None;
    for (number, name) in ["base", "mid", "top"].into_iter().enumerate() {
        let backing = below.replace(name);
        fixture.format(name, |options| {
            options.backing_file = backing.map(str::to_owned);
            options.backing_format = backing.map(|_| "qcow2".to_owned());
        });
        let node = fixture.add(image(fixture, name, Some(BlockdevRefOrNull::NONE)).named("n"));
        node.write(64 * K * number as u64, &noise(number as u64, 64 * K)).expect("writable");
        drop(node);
        fixture.graph.remove("n").expect("it is unused");
    }
}

fn image(fixture: &Fixture, name: &str, backing: Option<BlockdevRefOrNull>) -> BlockdevOptions {
    with_backing(inline(fixture.file(name)), backing)
}

fn null() -> BlockdevOptions {
    BlockdevOptions::null_co(M)
}

fn on(name: &str) -> Option<BlockdevRefOrNull> {
    Some(named(name).into())
}

/// The nodes of the chain, from the top down.
fn named_chain(fixture: &Fixture) -> [Arc<Node>; 3] {
    let base = fixture.add(image(fixture, "base", None).named("base"));
    let mid = fixture.add(image(fixture, "mid", on("base")).named("mid"));
    let top = fixture.add(image(fixture, "top", on("mid")).named("top"));
    [top, mid, base]
}

fn drivers(top: &Arc<Node>) -> Vec<&'static str> {
    chain(top).map(|node| node.driver().name()).collect()
}

#[test]
fn a_filter_is_between_a_node_and_its_parents() {
    let fixture = Fixture::new();
    chain_of_images(&fixture);
    let [top, mid, base] = named_chain(&fixture);
    let before = contents(&top);
    let reader = NodeUse::source(Arc::clone(&top));
    let _reader = fixture.graph.reserve("backup", "b0", [reader]).expect("it is free");
    let commit = FilterOptions {
        driver: Driver::CommitTop,
        name: Some("filter".into()),
        target: None,
        merges: true,
    };
    let filter = fixture.graph.insert_filter(&mid, commit).expect("the filter can be inserted");
    assert_eq!(drivers(&top), ["qcow2", "commit_top", "qcow2", "qcow2"]);
    assert!(filter.node().filtered().is_some_and(|below| Arc::ptr_eq(&below, &mid)));
    let info = top.info(BackingImages::Nested).expect("the sizes are known");
    assert_eq!(info.backing_depth, 3);
    let below = info.image.backing_image.as_ref().expect("a backing image");
    assert_eq!(below.format, "commit_top");
    // The parents of the filter neither take nor unshare permissions below it.
    let mut written = NodeUse::written(Arc::clone(&base));
    written.access.takes |= Permissions::RESIZE;
    drop(fixture.graph.reserve("commit", "j0", [written.clone()]).expect("it is allowed"));
    assert_same(&contents(&top), &before);
    drop(filter);
    assert_eq!(drivers(&top), ["qcow2", "qcow2", "qcow2"]);
    let refused = fixture.graph.reserve("commit", "j0", [written]).expect_err("it is read");
    assert!(refused.to_string().contains("unshared by node 'mid'"), "{refused}");
    assert_same(&contents(&top), &before);
}

#[test]
fn nodes_that_only_a_job_used_are_closed_with_it() {
    let fixture = Fixture::new();
    chain_of_images(&fixture);
    let top = fixture.add(image(&fixture, "top", None).named("top"));
    let below = chain(&top).skip(1).map(NodeUse::streamed);
    let job = fixture.graph.reserve("stream", "j0", below).expect("they are free");
    let nothing = BackingChange { node: None, name: Some(None) };
    fixture.graph.change_backing(&top, nothing).expect("it can be changed");
    assert_eq!(fixture.graph.nodes().len(), 6, "the job still uses them");
    drop(job);
    assert_eq!(fixture.names(), ["top", "#block"]);
}

#[test]
fn a_node_is_made_writable_with_the_nodes_that_were_opened_for_it() {
    let fixture = Fixture::new();
    chain_of_images(&fixture);
    let top = fixture.add(image(&fixture, "top", None).named("top"));
    let mid = top.backing().expect("a backing node");
    let is_read_only = || {
        let file = mid.file().expect("a file");
        let below = mid.backing().expect("a backing node");
        (mid.is_read_only(), file.is_read_only(), below.is_read_only())
    };
    assert_eq!(is_read_only(), (true, true, true));
    let writable = fixture.graph.make_writable(&mid).expect("it can be written");
    assert_eq!(is_read_only(), (false, false, true));
    mid.write(0, &[7; 512]).expect("it can be written");
    drop(writable);
    assert_eq!(is_read_only(), (true, true, true));
    assert_eq!(
        mid.write(0, &[8; 512]).expect_err("the node is read-only again").to_string(),
        NOT_WRITABLE
    );
    let mut read = [0; 512];
    top.read(0, &mut read).expect("it can be read");
    assert_eq!(read, [7; 512]);
    assert!(
        fixture.graph.make_writable(&top).expect("it is").is_none(),
        "the node is writable already"
    );
    drop((top, mid));
    fixture.graph.remove_all();
    assert_sound(&fixture.path("mid"));
}

const NOT_WRITABLE: &str = "Block node is read-only";

#[test]
fn a_node_on_a_read_only_file_stays_read_only() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    fixture.add(fixture.file("image").named("file").read_only(true));
    let node = fixture.add(qcow2(named("file")).named("node").read_only(true));
    let refused = fixture.graph.make_writable(&node).expect_err("the file is read-only");
    assert_eq!(refused.to_string(), NOT_WRITABLE);
    assert!(node.is_read_only());
    assert_eq!(contents(&node).len(), M as usize, "it can be read as before");
}

#[test]
fn all_options_change_or_none() {
    let fixture = Fixture::new();
    chain_of_images(&fixture);
    let [top, mid, base] = named_chain(&fixture);
    let described = |backing| image(&fixture, "top", backing).named("top");
    let direct = BlockdevCacheOptions { no_flush: Some(true), ..BlockdevCacheOptions::default() };
    let mut options = described(on("mid")).read_only(true);
    options.cache = Some(direct);
    fixture.graph.reopen(&[options]).expect("they can be changed");
    assert!(top.is_read_only() && top.file().expect("a file").is_read_only());
    assert_eq!(top.cache(), CacheMode { direct: false, no_flush: true });
    fixture.graph.reopen(&[described(on("mid"))]).expect("back to what it was");
    assert!(!top.is_read_only());
    assert_eq!(top.cache(), CacheMode::default());

    let mut elsewhere = described(on("mid"));
    elsewhere.driver = image(&fixture, "mid", on("mid")).driver;
    let mut shared = described(on("mid"));
    shared.force_share = Some(true);
    let anonymous = image(&fixture, "top", on("mid"));
    let cases: Vec<(BlockdevOptions, &str)> = vec![
        (anonymous, "node-name not specified"),
        (described(on("mid")).named("no"), "Failed to find node with node-name='no'"),
        (described(None), "backing is missing for 'top'"),
        (described(on("no")), "Cannot find device='' nor node-name='no'"),
        (described(on("top")), "Making 'top' a backing child of 'top' would create a cycle"),
        (elsewhere, "Cannot change the option 'filename'"),
        (shared, "Cannot change the option 'force-share'"),
        (raw(named("top")).named("base"), "Cannot change the option 'driver'"),
    ];
    for (options, expected) in cases {
        // The first one could be changed.
        let first = image(&fixture, "mid", on("base")).named("mid").read_only(true);
        let refused = fixture.graph.reopen(&[first, options]).expect_err(expected);
        assert_eq!(refused.to_string(), expected);
        assert_eq!([&top, &mid, &base].map(|node| node.is_read_only()), [false; 3]);
        assert_eq!(drivers(&top).len(), 3);
    }
}

/// The access modes of all open file descriptions of a file in this process.
fn open_for_writing(path: &Path) -> Vec<bool> {
    let opened = std::fs::read_dir("/proc/self/fd").expect("procfs is mounted");
    let of_path = opened.filter_map(|entry| {
        let number = entry.ok()?.file_name();
        let leads_to = std::fs::read_link(Path::new("/proc/self/fd").join(&number)).ok()?;
        (leads_to == path).then_some(number)
    });
    let is_writable = |number| {
        let mode = std::fs::read_to_string(Path::new("/proc/self/fdinfo").join(number)).ok()?;
        let flags = mode.lines().find_map(|line| line.strip_prefix("flags:"))?;
        Some(i32::from_str_radix(flags.trim(), 8).expect("an octal number") & 3 != 0)
    };
    of_path.filter_map(is_writable).collect()
}

#[test]
fn images_are_restored_if_a_later_one_cannot_be_opened() {
    let fixture = Fixture::new();
    fixture.write("plain", &[0; 512]);
    let path = fixture.format("corrupt", |_| {});
    let plain = || fixture.file("plain").named("plain");
    let corrupt = || qcow2(inline(fixture.file("corrupt"))).named("corrupt");
    let first = fixture.add(plain().read_only(true));
    let second = fixture.add(corrupt().read_only(true));
    let mut bytes = std::fs::read(&path).expect("it can be read");
    bytes[79] |= 2;
    fixture.write("corrupt", &bytes);
    let refused = fixture.graph.reopen(&[plain(), corrupt()]).expect_err("it is corrupt");
    assert_eq!(refused.to_string(), "qcow2: Image is corrupt; cannot be opened read/write");
    assert!(first.is_read_only() && second.is_read_only());
    for name in ["plain", "corrupt"] {
        let opened = open_for_writing(&fixture.path(name));
        assert!(!opened.is_empty() && !opened.contains(&true), "{name}: {opened:?}");
    }
    assert_eq!(contents(&second).len(), M as usize);
    fixture.graph.reopen(&[plain()]).expect("this one can be written");
    assert!(open_for_writing(&fixture.path("plain")).contains(&true));
}

/// The results for each order are those of the real daemon.
#[test]
fn a_description_applies_before_and_after_that_of_the_parent() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    let node = fixture.add(qcow2(inline(fixture.file("image").named("file"))).named("node"));
    let file = node.file().expect("a file");
    let no_flush = |mut options: BlockdevOptions| {
        options.cache = Some(BlockdevCacheOptions { direct: None, no_flush: Some(true) });
        options
    };
    let above = || qcow2(named("file")).named("node");
    let below = || fixture.file("image").named("file");
    // The options, and the resulting read-only and no-flush of the file.
    let table = [
        (vec![no_flush(below()), above()], false, true),
        (vec![above(), no_flush(below())], false, true),
        (vec![below(), no_flush(above())], false, true),
        (vec![no_flush(above()), below()], false, false),
        (vec![no_flush(below()), above().read_only(true)], true, true),
        (vec![above().read_only(true), below()], false, true),
        (vec![below(), above().read_only(true)], true, true),
        (vec![below()], false, false),
        (vec![above()], false, false),
    ];
    for (number, (options, read_only, no_flush)) in table.into_iter().enumerate() {
        fixture.graph.reopen(&options).expect("they can be changed");
        let found = (file.is_read_only(), file.cache().no_flush);
        assert_eq!(found, (read_only, no_flush), "number {number}");
    }
}

#[test]
fn a_node_does_not_inherit_from_a_node_with_the_name_of_its_former_parent() {
    let fixture = Fixture::new();
    fixture.write("raw", &[0; 512]);
    let file = inline(fixture.file("raw").named("file"));
    fixture.add(raw(file).named("parent").read_only(true));
    let other = fixture.add(raw(named("file")).named("other").read_only(true));
    fixture.graph.remove("parent").expect("it is unused");
    fixture.add(raw(named("file")).named("parent").read_only(true));
    let mut options = raw(named("file")).named("parent").read_only(true);
    options.cache = Some(BlockdevCacheOptions { direct: None, no_flush: Some(true) });
    fixture.graph.reopen(&[options]).expect("it can be changed");
    assert!(!other.file().expect("a file").cache().no_flush);
    let inline = raw(inline(fixture.file("raw"))).named("parent").read_only(true);
    let refused = fixture.graph.reopen(&[inline]).expect_err("the file has another parent");
    assert_eq!(refused.to_string(), "Cannot change the option 'file.driver'");
}

#[test]
fn options_that_users_do_not_allow_are_refused() {
    let fixture = Fixture::new();
    chain_of_images(&fixture);
    let [top, mid, _base] = named_chain(&fixture);
    let stream = [NodeUse::stream_target(Arc::clone(&top)), NodeUse::streamed(mid)];
    let writes = NodeUse::target(Arc::clone(&top));
    let [mut target, below] = stream;
    target = target.link(block::nodes::BackingLink::Frozen);
    let job = fixture.graph.reserve("stream", "j0", [target, below]).expect("free");
    let described = |backing| image(&fixture, "top", backing).named("top");
    let refused =
        fixture.graph.reopen(&[described(Some(BlockdevRefOrNull::NONE))]).expect_err("frozen");
    assert_eq!(refused.to_string(), "Cannot change frozen 'backing' link from 'top' to 'mid'");
    drop(job);
    let job = fixture.graph.reserve("backup", "j0", [writes]).expect("free");
    let options = described(on("mid")).read_only(true);
    let refused = fixture.graph.reopen(&[options]).expect_err("it is written");
    let expected = "Read-only block node 'top' cannot support read-write users";
    assert_eq!(refused.to_string(), expected);
    assert!(!top.is_read_only());
    drop(job);
    fixture
        .graph
        .reopen(&[described(Some(BlockdevRefOrNull::NONE))])
        .expect("the permissions allow it");
    assert!(top.backing().is_none());
}

#[test]
fn renaming_the_backing_file_does_not_change_the_backing_node() {
    let fixture = Fixture::new();
    chain_of_images(&fixture);
    let [top, mid, base] = named_chain(&fixture);
    let before = contents(&top);
    for (device, node, expected) in [
        ("no", "top", "Cannot find device='no' nor node-name='no'"),
        ("top", "no", "Cannot find device='' nor node-name='no'"),
        ("mid", "mid", "Need a root block node"),
        ("top", "base", "not allowing backing file change on an image without a backing file"),
    ] {
        let refused = fixture.graph.rename_backing(device, node, "x").expect_err(expected);
        assert_eq!(refused.to_string(), expected);
    }
    let long = "x".repeat(1024);
    let refused = fixture.graph.rename_backing("top", "top", &long).expect_err("it is too long");
    let expected = format!("Could not change backing file to '{long}': Invalid argument");
    assert_eq!(refused.to_string(), expected);
    fixture.graph.rename_backing("top", "mid", "elsewhere").expect("it can be changed");
    let info = mid.info(BackingImages::Nested).expect("the sizes are known");
    assert_eq!(info.image.backing_filename.as_deref(), Some("elsewhere"));
    assert!(mid.backing().is_some_and(|below| Arc::ptr_eq(&below, &base)));
    assert_same(&contents(&top), &before);
}

#[test]
fn chains_of_references_are_limited_like_other_chains() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    let mut below = "n0".to_owned();
    fixture.add(null().named(below.as_str()));
    for number in 1..200 {
        let name = format!("n{number}");
        fixture.add(raw(named(&below)).named(name.as_str()));
        below = name;
    }
    let refusal = "Too many nested nodes: at most 200 can be opened in one chain";
    assert_eq!(fixture.refusal(raw(named(&below)).named("n200")), refusal);
    fixture.add(null().named("bottom"));
    let on = |name| image(&fixture, "image", on(name));
    fixture.add(on("bottom").named("overlay"));
    let refused = fixture
        .graph
        .reopen(&[on("n199").named("overlay")])
        .expect_err("the depth is beyond the limit");
    assert_eq!(refused.to_string(), refusal);
    fixture.graph.reopen(&[on("n198").named("overlay")]).expect("the depth is at the limit");
    let refused = fixture.refusal(raw(named("overlay")).named("above"));
    assert_eq!(refused, refusal);
}

#[test]
fn an_image_may_describe_its_backing_file() {
    let fixture = Fixture::new();
    chain_of_images(&fixture);
    let path = text(&fixture.path("mid"));
    let file = format!(r#"{{"driver": "file", "filename": "{path}"}}"#);
    let described = format!(r#"json:{{"driver": "qcow2", "backing": null, "file": {file}}}"#);
    fixture.format("overlay", |options| {
        options.backing_file = Some(described.clone());
        options.backing_format = Some("qcow2".into());
    });
    let overlay = fixture.add(image(&fixture, "overlay", None).named("overlay"));
    let mid = overlay.backing().expect("a backing node");
    assert!(mid.backing().is_none(), "the description excludes a backing file");
    assert_eq!(overlay.filename(), text(&fixture.path("overlay")));
    assert_same(&contents(&overlay)[64 * 1024..][..64 * 1024], &noise(1, 64 * K));
}
