//! Overlays that are put on nodes while these are in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;

use block::image::permissions::{Access, Permissions};
use block::nodes::{Driver, Filter, FilterOptions, Graph, Node, Root};
use block::options::{BlockdevOptions, BlockdevRefOrNull};

use crate::support::*;

fn image(fixture: &Fixture, name: &str) -> BlockdevOptions {
    fixture.format(name, |_image| {});
    let none = Some(BlockdevRefOrNull::NONE);
    with_backing(inline(fixture.file(name)), none).named(name)
}

fn guest(graph: &Graph, node: &Arc<Node>) -> Root {
    let takes = Permissions::WRITE | Permissions::CONSISTENT_READ;
    let access = Access { takes, shares: Permissions::all() };
    graph.attach_root("guest", node.clone(), access).expect("the guest may write")
}

async fn append(graph: &Graph, node: &Arc<Node>, overlay: &Arc<Node>) -> Result<(), String> {
    let quiesced = node.quiesce().await;
    graph.append_overlay(&quiesced, overlay).map_err(|error| error.to_string())
}

#[tokio::test]
async fn writes_go_to_the_overlay_from_one_moment_on() {
    let fixture = Fixture::new();
    let base = fixture.add(image(&fixture, "base"));
    let overlay = fixture.add(image(&fixture, "overlay"));
    let root = Arc::new(guest(&fixture.graph, &base));
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU8::new(0)));
    let writer = {
        let (root, stop, written) = (root.clone(), stop.clone(), written.clone());
        thread::spawn(move || {
            for value in (1..=255).cycle() {
                root.write(0, &[value; 512]).expect("the guest can write");
                written.store(value, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    return value;
                }
            }
            0
        })
    };
    while written.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    append(&fixture.graph, &base, &overlay).await.expect("the overlay is appended");
    let below = contents(&base);
    stop.store(true, Ordering::SeqCst);
    let last = writer.join().expect("the writer ends");
    assert_same(&contents(&base), &below);
    assert_eq!(root.node().name(), "overlay");
    assert_same(&contents(&overlay)[..512], &[last; 512]);
    assert_eq!(
        fixture.graph.remove("base").expect_err("it is a backing node").to_string(),
        "Node 'base' is busy: node is used as backing hd of 'overlay'"
    );
}

#[tokio::test]
async fn an_overlay_can_be_removed_until_it_is_written() {
    let fixture = Fixture::new();
    let base = fixture.add(image(&fixture, "base"));
    let overlay = fixture.add(image(&fixture, "overlay"));
    fixture.add(raw(named("base")).named("above"));
    let root = guest(&fixture.graph, &base);
    append(&fixture.graph, &base, &overlay).await.expect("the overlay is appended");
    let file = |name: &str| {
        let node = fixture.graph.get(name).expect("the node exists");
        node.file().map(|file| file.name().to_owned())
    };
    assert_eq!(file("above").as_deref(), Some("overlay"));
    let quiesced = overlay.quiesce().await;
    fixture.graph.remove_overlay(&quiesced, &base).expect("the overlay is removed");
    drop(quiesced);
    assert_eq!((root.node().name(), file("above").as_deref()), ("base", Some("base")));
    assert!(overlay.backing().is_none());
    root.write(0, &[1; 512]).expect("the guest writes to the base");
    fixture.graph.get("above").expect("a node").write(512, &[2; 512]).expect("so does a node");
    assert_same(&contents(&base)[..1024], &[[1; 512], [2; 512]].concat());
    fixture.graph.remove("overlay").expect("nothing uses the overlay");
}

#[tokio::test]
async fn overlays_that_do_not_fit_are_refused() {
    let fixture = Fixture::new();
    let graph = &fixture.graph;
    let base = fixture.add(image(&fixture, "base"));
    let other = fixture.add(image(&fixture, "other"));
    let overlay = fixture.add(image(&fixture, "overlay"));
    let read_only = fixture.add(image(&fixture, "ro").read_only(true));
    fixture.write("raw", &[0; 512]);
    let plain = fixture.add(raw(inline(fixture.file("raw"))).named("raw"));
    let root = guest(graph, &base);
    let file = overlay.file().expect("it has a file");
    let cases = [
        (&base, "The overlay is already in use"),
        (&file, "The overlay is already in use"),
        (&plain, "The overlay does not support backing images"),
        (&read_only, "Block node is read-only"),
    ];
    for (refused, text) in cases {
        assert_eq!(append(graph, &base, refused).await, Err(text.to_owned()));
    }
    assert_eq!(
        append(graph, &other, &other).await,
        Err("Making 'other' a backing child of 'other' would create a cycle".to_owned())
    );
    assert_eq!((root.node().name(), read_only.backing().is_none()), ("base", true));
    append(graph, &other, &overlay).await.expect("this one fits");
    assert_eq!(
        append(graph, &base, &overlay).await,
        Err("The overlay already has a backing image".to_owned())
    );
}

/// The names of the child of a filter and of the node of a root.
fn places(filter: &Filter, root: &Root) -> (String, String) {
    let child = filter.node().filtered().expect("a filter has a child");
    (child.name().to_owned(), root.node().name().to_owned())
}

#[tokio::test]
async fn the_filter_of_a_backup_and_its_parents_move_to_the_overlay() {
    let fixture = Fixture::new();
    let graph = &fixture.graph;
    let base = fixture.add(image(&fixture, "base"));
    let overlay = fixture.add(image(&fixture, "overlay"));
    let root = guest(graph, &base);
    let filter = |driver| FilterOptions { driver, name: None, target: None, merges: false };
    let filter = graph.insert_filter(&base, filter(Driver::CopyBeforeWrite));
    let filter = filter.expect("the filter can be inserted");
    let above = fixture.add(raw(named(filter.node().name())).named("above").read_only(true));
    append(graph, &base, &overlay).await.expect("the overlay is appended");
    assert_eq!(places(&filter, &root), ("overlay".to_owned(), "overlay".to_owned()));
    root.write(0, &[5; 512]).expect("the guest can write");
    for node in [&overlay, filter.node(), &above] {
        assert_same(&contents(node)[..512], &[5; 512]);
    }
    assert_same(&contents(&base)[..512], &[0; 512]);
    let refused = |name| graph.remove(name).expect_err("it is in use").to_string();
    assert_eq!(refused("overlay"), "Block device overlay is in use");
    assert_eq!(refused("base"), "Node 'base' is busy: node is used as backing hd of 'overlay'");
    let quiesced = overlay.quiesce().await;
    graph.remove_overlay(&quiesced, &base).expect("the overlay is removed");
    drop(quiesced);
    assert_eq!(places(&filter, &root), ("base".to_owned(), "base".to_owned()));
    assert_same(&contents(&above)[..512], &[0; 512]);
    drop(filter);
    let file = above.file().expect("it has a file");
    assert_eq!(file.name(), "base");
    graph.remove("overlay").expect("nothing uses the overlay");
}
