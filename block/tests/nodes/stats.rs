//! Statistics of nodes, and the dump of the graph.

use block::image::host_file::DiscardCounts;
use block::image::permissions::{Access, Permissions};
use block::nodes::{DumpKind, NodeStats, NodeUse};
use block::options::{BlockdevDiscardOptions, BlockdevOptions};

use crate::support::*;

#[test]
fn nodes_count_how_far_writes_reach_and_files_count_discards() {
    let fixture = Fixture::new();
    fixture.write("data", &noise(1, 64 * K));
    let mut file = fixture.file("data").named("file");
    file.discard = Some(BlockdevDiscardOptions::Unmap);
    let mut options = raw(inline(file)).named("raw");
    options.discard = Some(BlockdevDiscardOptions::Unmap);
    let node = fixture.add(options);
    let stats = |name: &str| {
        let mut all = fixture.graph.stats().into_iter();
        all.find(|stats| stats.node_name == name).expect("the node is listed")
    };
    let counts = |succeeded, bytes| Some(DiscardCounts { succeeded, failed: 0, bytes });
    assert_eq!(stats("raw").highest_write, 0);
    assert_eq!(stats("file").discards, counts(0, 0));

    node.write(8192, &[1; 4096]).expect("the write succeeds");
    node.write(0, &[1; 4096]).expect("the write succeeds");
    node.discard_range(4096, 8192).expect("the discard succeeds");
    node.write_zeroes(16 * K, 4096).expect("the write succeeds");
    for name in ["raw", "file"] {
        assert_eq!(stats(name).highest_write, 20 * K, "{name}");
    }
    assert_eq!(stats("file").discards, counts(1, 8192));
    let NodeStats { discards, below, .. } = stats("raw");
    assert_eq!(discards, None);
    let below = below.expect("the file is below");
    assert_eq!((&*below.node_name, below.discards), ("file", counts(1, 8192)));
}

#[test]
fn the_dump_has_all_nodes_and_users() {
    let fixture = Fixture::new();
    fixture.write("data", &noise(1, 64 * K));
    let node = fixture.add(raw(inline(fixture.file("data").named("file"))).named("raw"));
    fixture.add(BlockdevOptions::null_co(M).named("null"));
    let access = Access { takes: Permissions::CONSISTENT_READ, shares: Permissions::all() };
    let root = fixture.graph.attach_root("an export", node.clone(), access).expect("attached");
    let uses = [NodeUse::shared(node, "main node", Access::NONE)];
    let job = fixture.graph.reserve("backup", "j", uses).expect("the node is free");
    let edges = || {
        let dump = fixture.graph.dump();
        let name = |id| {
            let node = dump.nodes.iter().find(|node| node.id == id).expect("a node");
            match node.kind {
                DumpKind::BlockBackend => "a device".to_owned(),
                DumpKind::BlockJob => format!("job {}", node.name),
                DumpKind::BlockDriver => node.name.clone(),
            }
        };
        let edges = dump.edges.iter();
        edges
            .map(|edge| format!("{} {} {}", name(edge.parent), edge.name, name(edge.child)))
            .collect::<Vec<_>>()
    };
    assert_eq!(edges(), ["raw file file", "job j main node raw", "a device root raw"]);
    let node = root.node();
    assert!(fixture.graph.has_backend(&node));
    assert_eq!(fixture.graph.child_roles(&node), ["file"]);
    drop((root, job));
    assert_eq!(edges(), ["raw file file"]);
    assert!(!fixture.graph.has_backend(&node));
    assert_eq!(fixture.graph.dump().nodes.len(), 3);
}
