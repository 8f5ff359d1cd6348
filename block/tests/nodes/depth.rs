//! The depth of descriptions and of chains: the limit is checked before the stack is used, and the
//! deepest chain needs a part of the stated stack.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use block::copy::{Copier, CopySlots, PointInTime};
use block::nodes::BackingImages;
use block::nodes::{Driver, FilterOptions, Node, STACK_SIZE};
use block::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsBlkdebug, BlockdevRefOrNull, MAX_DEPTH,
};

use crate::support::{Fixture, K, M, inline, noise, qcow2, raw, text, with_backing};

const REFUSAL: &str = "Too many nested nodes: at most 200 can be opened in one chain";

/// Runs a test on a quarter of the stack that threads with nodes are to have. One such test runs at
/// a time: a deep chain has 200 open files, and a process may have a limit of 256.
fn with_small_stack(test: impl FnOnce() + Send + 'static) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = thread::Builder::new().stack_size(STACK_SIZE / 4).spawn(test);
    thread.expect("a thread can be started").join().expect("the test passes");
}

fn null() -> BlockdevOptions {
    BlockdevOptions::null_co(M)
}

fn blkdebug(image: BlockdevOptions) -> BlockdevOptions {
    let options = Box::new(BlockdevOptionsBlkdebug::new(image.into()));
    BlockdevOptions::new(BlockdevDriverOptions::Blkdebug(options))
}

fn over_raw(below: BlockdevOptions) -> BlockdevOptions {
    raw(inline(below))
}

/// The description is in the place of the backing file of an image that does not exist.
fn as_backing(below: BlockdevOptions) -> BlockdevOptions {
    let backing = BlockdevRefOrNull::Definition(Box::new(below));
    with_backing(inline(BlockdevOptions::file("/nowhere")), Some(backing))
}

/// Reads and writes a node at both ends of the chain below it, and flushes it.
fn use_node(node: &Arc<Node>) {
    node.write(K, &noise(1, K)).expect("writable");
    node.write_zeroes(K, 512).expect("writable");
    node.read(0, &mut vec![0; 64 * 1024]).expect("readable");
    node.block_status(0, M).expect("it is known");
    node.flush().expect("it can be flushed");
    node.info(BackingImages::Nested).expect("the sizes are known");
}

#[test]
fn descriptions_of_each_driver_have_a_limit() {
    with_small_stack(|| {
        let nest = |over: fn(BlockdevOptions) -> BlockdevOptions, depth: usize| {
            (1..depth).fold(null(), |below, _| over(below)).named("top")
        };
        for over in [blkdebug, over_raw, as_backing] {
            for depth in [MAX_DEPTH + 1, 1000] {
                let fixture = Fixture::new();
                let deep = nest(over, depth);
                assert_eq!(fixture.refusal(deep.clone()), REFUSAL);
                let refused =
                    fixture.graph.reopen(std::slice::from_ref(&deep)).expect_err("too deep");
                assert_eq!(refused.to_string(), REFUSAL);
                let refused = fixture.graph.borrow_child(&deep.into()).expect_err("too deep");
                assert_eq!(refused.to_string(), REFUSAL);
            }
        }
        for over in [blkdebug, over_raw] {
            let fixture = Fixture::new();
            let node = fixture.add(nest(over, MAX_DEPTH));
            use_node(&node);
            fixture.graph.remove("top").expect("it is unused");
            assert!(fixture.names().is_empty());
        }
    });
}

/// Creates a chain of images that name each other. Returns the options of the topmost.
fn chain(fixture: &Fixture, length: usize) -> BlockdevOptions {
    for number in 0..length {
        fixture.format(&format!("i{number}"), |options| {
            let below = number.checked_sub(1);
            options.backing_file = below.map(|below| text(&fixture.path(&format!("i{below}"))));
            options.backing_format = below.map(|_| "qcow2".to_owned());
        });
    }
    qcow2(inline(fixture.file(&format!("i{}", length - 1)))).named("top")
}

#[test]
fn the_longest_chain_of_images_works_and_its_release_does_not_recurse() {
    with_small_stack(|| {
        let fixture = Fixture::new();
        let top = chain(&fixture, MAX_DEPTH - 1);
        let node = fixture.add(top.clone());
        use_node(&node);
        let information = fixture.graph.info(BackingImages::Nested).expect("the sizes are known");
        let top_info =
            information.iter().find(|node| node.node_name == "top").expect("it is open");
        assert_eq!(top_info.backing_depth as usize, MAX_DEPTH - 2);
        fixture.graph.remove("top").expect("it is unused");
        // The last handle keeps the chain.
        let release = thread::Builder::new().stack_size(64 << 10).spawn(move || drop(node));
        release.expect("a thread can be started").join().expect("the chain is released");
        assert_eq!(fixture.names(), [] as [&str; 0]);
        fixture.add(top);
        // The graph is dropped with its nodes.
    });
}

#[test]
fn the_error_of_a_long_chain_is_a_line() {
    with_small_stack(|| {
        let fixture = Fixture::new();
        let prefix = "Could not open backing file: ";
        let path = |name| text(&fixture.path(name));
        let top = chain(&fixture, 199);
        std::fs::rename(fixture.path("i0"), fixture.path("moved")).expect("it can be renamed");
        let missing = format!("Could not open '{}': No such file or directory", path("i0"));
        let short = qcow2(inline(fixture.file("i3"))).named("short");
        assert_eq!(fixture.refusal(short), prefix.repeat(3) + &missing);
        assert_eq!(fixture.refusal(top), prefix.repeat(8) + &missing);
        assert!(fixture.names().is_empty());
    });
}

#[test]
fn a_chain_of_images_beyond_the_limit_is_refused() {
    with_small_stack(|| {
        let fixture = Fixture::new();
        let top = chain(&fixture, MAX_DEPTH + 20);
        assert!(fixture.refusal(top).ends_with(REFUSAL));
        assert!(fixture.names().is_empty());
    });
}

#[test]
fn names_of_a_deep_chain_are_cut_as_in_qemu() {
    with_small_stack(|| {
        let fixture = Fixture::new();
        let mut below = null();
        for number in 0..MAX_DEPTH - 1 {
            // The images name no backing file, so that each name contains all names below.
            let image = fixture.format(&format!("n{number}"), |_| {});
            let file = inline(BlockdevOptions::file(text(&image)));
            below = with_backing(file, Some(BlockdevRefOrNull::Definition(Box::new(below))));
        }
        fixture.add(below.named("top"));
        let information = fixture.graph.info(BackingImages::Nested).expect("the sizes are known");
        let top_info =
            information.iter().find(|node| node.node_name == "top").expect("it is open");
        let name = &top_info.filename;
        assert_eq!(name.len(), 4095);
        assert!(name.starts_with(r#"json:{"backing": {"backing": {"#) && name.ends_with("..."));
    });
}

/// A job's copy before writes, which is small.
fn point_in_time(source: &Arc<Node>, target: &Arc<Node>) -> Arc<PointInTime> {
    let copier = Copier::new(Arc::clone(source), Arc::clone(target), CopySlots::default());
    Arc::new(PointInTime::new(copier.expect("the sizes are equal")).expect("it is small"))
}

#[test]
fn the_longest_chain_of_filters_works_with_a_job_for_each() {
    with_small_stack(|| {
        let fixture = Fixture::new();
        let source = fixture.add(null().named("source"));
        let target = fixture.add(null().named("target"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let insert = || {
            let options = FilterOptions {
                driver: Driver::CopyBeforeWrite,
                name: None,
                target: Some(Arc::clone(&target)),
                merges: false,
            };
            fixture.graph.insert_filter(&source, options)
        };
        let mut filters = Vec::new();
        let mut jobs = Vec::new();
        let refused = loop {
            match insert() {
                Ok(filter) => filters.push(filter),
                Err(error) => break error,
            }
            let job = point_in_time(&source, &target);
            runtime.block_on(source.quiesce()).watch(&job);
            jobs.push(job);
        };
        let text = "Too many nested nodes: at most 1200 can be opened in one chain";
        assert_eq!(refused.to_string(), text);
        assert_eq!(filters.len(), 1199);
        // The filter that was inserted first is the highest one.
        use_node(filters[0].node());
        source.write(K, &noise(1, K)).expect("each job copies before the write");
        // A filter in the middle leaves room for another one.
        drop(filters.remove(600));
        filters.push(insert().expect("there is room"));
    });
}
