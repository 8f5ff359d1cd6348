//! Changes of the size of nodes, and thresholds of writes.

use std::sync::{Arc, Mutex};

use block::image::permissions::{Access, Permissions};
use block::nodes::{Graph, Node};
use block::options::{BlockdevOptions, BlockdevOptionsRaw};

use crate::support::*;

async fn resize(graph: &Graph, node: &Arc<Node>, size: u64) -> Result<(), String> {
    let quiesced = node.quiesce().await;
    graph.resize(&quiesced, size).map_err(|error| error.to_string())
}

/// A raw node that shows a part of a file.
fn part(fixture: &Fixture, name: &str, range: (i64, Option<i64>)) -> BlockdevOptions {
    fixture.write(name, &noise(1, 64 * K));
    let mut options = BlockdevOptionsRaw::new(inline(fixture.file(name)));
    (options.offset, options.size) = (Some(range.0), range.1);
    BlockdevOptions::new(block::options::BlockdevDriverOptions::Raw(options)).named(name)
}

#[tokio::test]
async fn sizes_change_as_far_as_the_driver_allows() {
    let fixture = Fixture::new();
    fixture.write("raw", &noise(1, 64 * K));
    fixture.format("qcow2", |image| image.size = M);
    let node = |name: &str| fixture.graph.get(name).expect("the node exists");
    fixture.add(raw(inline(fixture.file("raw").named("file"))).named("raw"));
    fixture.add(qcow2(inline(fixture.file("qcow2"))).named("qcow2"));
    fixture.add(raw(named("qcow2")).named("above"));
    fixture.add(BlockdevOptions::null_co(M).named("null"));
    fixture.add(part(&fixture, "offset", (4096, None)));
    fixture.add(part(&fixture, "fixed", (0, Some(4096))));
    fixture.write("ro", &[0; 512]);
    fixture.add(fixture.file("ro").named("ro").read_only(true));
    let large = (1 << 63) - (1 << 30);
    let cases = [
        ("raw", 1000, Ok(1024)),
        ("file", 2000, Ok(2048)),
        ("raw", 0, Ok(0)),
        ("offset", 8192, Ok(8192)),
        ("fixed", 512, Err("Cannot resize fixed-size raw disks")),
        ("null", 512, Err("Image format driver does not support resize")),
        ("ro", 0, Err("Image is read-only")),
        ("qcow2", 4 * M, Ok(4 * M)),
        ("qcow2", 64 * K, Ok(64 * K)),
        ("qcow2", 0, Ok(0)),
        ("qcow2", 513, Err("The new size must be a multiple of 512")),
        ("qcow2", 1 << 62, Err("Failed to grow the L1 table: File too large")),
        ("above", M, Ok(M)),
        (
            "above",
            large + 1,
            Err("offset(9223372035781033985) exceeds maximum(9223372035781033984)"),
        ),
    ];
    let beyond_limit = [
        ("raw", 1 << 62, Err("Could not resize file: File too large")),
        ("offset", 1 << 62, Err("Could not resize file: File too large")),
    ];
    let skipped = if fixture.limits_sizes() { 0 } else { beyond_limit.len() };
    for (name, size, expected) in beyond_limit.into_iter().skip(skipped).chain(cases) {
        let resized = resize(&fixture.graph, &node(name), size).await;
        let found = resized.map(|()| node(name).size().expect("a size"));
        assert_eq!(found, expected.map_err(str::to_owned), "{name} to {size}");
    }
    fixture.graph.remove_all();
    assert_sound(&fixture.path("qcow2"));
}

#[tokio::test]
async fn what_an_overlay_gains_reads_as_zeroes() {
    let fixture = Fixture::new();
    fixture.format("base", |image| image.size = M);
    let base = fixture.add(qcow2(inline(fixture.file("base"))).named("base"));
    base.write(0, &noise(2, M)).expect("data can be written");
    fixture.format("top", |image| image.size = 64 * K);
    let options = with_backing(inline(fixture.file("top")), Some(named("base").into()));
    let top = fixture.add(options.named("top"));
    let busy = "Node 'base' is busy: node is used as backing hd of 'top'";
    assert_eq!(resize(&fixture.graph, &base, 2 * M).await, Err(busy.to_owned()));
    resize(&fixture.graph, &top, 2 * M).await.expect("the overlay grows");
    let mut expected = noise(2, M)[..64 * K as usize].to_vec();
    expected.resize(2 * M as usize, 0);
    assert_same(&contents(&top), &expected);
}

#[tokio::test]
async fn users_that_rely_on_the_size_prevent_a_change() {
    let fixture = Fixture::new();
    fixture.write("disk", &[0; 4096]);
    let node = fixture.add(fixture.file("disk").named("disk"));
    let shares = Permissions::all() - Permissions::RESIZE;
    let access = Access { takes: Permissions::CONSISTENT_READ, shares };
    let root = fixture.graph.attach_root("guest", node.clone(), access).expect("it is shared");
    let refused = resize(&fixture.graph, &node, 8192).await.expect_err("the user is in the way");
    assert_eq!(
        refused,
        "Permission conflict on node 'disk': permissions 'resize' are both required by an unnamed \
         block device (uses node 'disk' as 'root' child) and unshared by guest (uses node 'disk' \
         as 'root' child)."
    );
    drop(root);
    assert_eq!(resize(&fixture.graph, &node, 8192).await, Ok(()));
}

#[test]
fn a_threshold_reports_the_first_write_beyond_it() {
    let fixture = Fixture::new();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let received = Arc::clone(&reports);
    fixture.graph.on_write_threshold(move |write| {
        let report = (write.node_name.to_owned(), write.threshold, write.exceeded);
        received.lock().expect("not poisoned").push(report);
    });
    fixture.write("disk", &[0; 16384]);
    let file = fixture.add(fixture.file("disk").named("file"));
    let node = fixture.add(raw(named("file")).named("raw"));
    let take = || std::mem::take(&mut *reports.lock().expect("not poisoned"));
    fixture.graph.set_write_threshold(&file, 8192);
    node.write(4096, &[1; 4096]).expect("a write up to the threshold");
    node.read(8192, &mut [0; 4096]).expect("a read");
    assert_eq!((take(), file.write_threshold()), (vec![], 8192));
    node.write_zeroes(8000, 1000).expect("a write beyond the threshold");
    node.write(8192, &[1; 512]).expect("another write");
    assert_eq!((take(), file.write_threshold()), (vec![("file".to_owned(), 8192, 808)], 0));
    assert_eq!((file.highest_write(), node.highest_write()), (9000, 9000));
    fixture.graph.set_write_threshold(&node, u64::MAX);
    node.write(0, &[1; 512]).expect("a write");
    assert_eq!((take(), node.write_threshold()), (vec![], u64::MAX));
}
