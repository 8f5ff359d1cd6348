//! Inactive nodes.

use std::sync::Arc;

use block::image::permissions::{Access, Permissions};
use block::nodes::{InactiveNode, Node};
use block::options::BlockdevOptions;

use crate::support::*;

/// A graph with a qcow2 node `disk` in the node `file`.
fn disk() -> (Fixture, Arc<Node>) {
    let fixture = Fixture::new();
    fixture.format("disk", |_image| {});
    fixture.add(fixture.file("disk").named("file"));
    let disk = fixture.add(qcow2(named("file")).named("disk"));
    (fixture, disk)
}

fn write_sharing_all() -> Access {
    Access { takes: Permissions::WRITE, shares: Permissions::all() }
}

fn same_image(fixture: &Fixture) -> BlockdevOptions {
    qcow2(inline(fixture.file("disk")))
}

#[test]
fn another_program_can_write_the_image_of_an_inactive_node() {
    let (fixture, disk) = disk();
    disk.write(0, &[1; 4096]).expect("data can be written");
    fixture.graph.inactivate(&disk).expect("it becomes inactive");
    let file = disk.file().expect("it has a file");
    assert_eq!((disk.is_active(), file.is_active(), disk.is_read_only()), (false, false, false));
    let refused = disk.write(0, &[1; 512]).expect_err("it is inactive");
    assert_eq!(refused.to_string(), "Operation not permitted");

    // A second graph stands for the other program.
    let other = Fixture::new();
    let writer = other.add(same_image(&fixture).named("writer"));
    assert_same(&contents(&writer)[..4096], &[1; 4096]);
    writer.write(0, &[2; 4096]).expect("the other program can write");
    let refused = fixture.graph.activate(&disk).expect_err("the other program has locks");
    assert_eq!(refused.to_string(), "Failed to get \"write\" lock");
    assert!(!disk.is_active(), "the error leaves the node inactive");
    other.graph.remove_all();
    drop(writer);

    fixture.graph.activate(&disk).expect("it becomes active");
    assert_same(&contents(&disk)[..4096], &[2; 4096]);
    disk.write(0, &[3; 512]).expect("it can be written");
    fixture.graph.remove_all();
    assert_sound(&fixture.path("disk"));
}

#[test]
fn users_that_write_prevent_inactivity_unless_they_permit_it() {
    let (fixture, disk) = disk();
    let graph = &fixture.graph;
    let text = |result: block::error::Result<()>| result.map_err(|error| error.to_string());
    let file = disk.file().expect("it has a file");
    let above = Err("Node has active parent node".to_owned());
    assert_eq!(text(graph.inactivate(&file)), above);

    let attach = |on_inactive| {
        graph.attach_root_if("guest", disk.clone(), write_sharing_all(), on_inactive)
    };
    let guest = attach(InactiveNode::Refused).expect("the guest may write");
    let refused = |what: &str| Err(format!("{what}: Operation not permitted"));
    assert_eq!(text(graph.inactivate(&disk)), refused("Failed to inactivate node"));
    assert_eq!(text(graph.inactivate_all()), refused("Failed to inactivate all nodes"));
    assert!(disk.is_active() && file.is_active());
    drop(guest);

    let guest = attach(InactiveNode::Allowed).expect("the guest may write");
    assert_eq!(text(graph.inactivate_all()), Ok(()));
    assert_eq!(text(graph.inactivate_all()), Ok(()), "once more has no effect");
    let refused = guest.write(0, &[1; 512]).expect_err("the node is inactive");
    assert_eq!(refused.to_string(), "Operation not permitted");
    let refused = attach(InactiveNode::Refused).expect_err("the node is inactive");
    assert_eq!(refused.to_string(), "Permission 'write' unavailable on inactive node");
    assert_eq!(
        fixture.refusal(raw(named("disk")).named("raw")),
        "Inactive 'disk' can't be a file child of active 'raw'"
    );
    assert_eq!(text(graph.activate_all()), Ok(()));
    guest.write(0, &[1; 512]).expect("the guest writes again");
}

#[test]
fn a_node_can_be_opened_inactive() {
    let (fixture, _disk) = disk();
    let other = Fixture::new();
    let file = fixture.file("disk").read_only(true);
    let mut options = qcow2(inline(file)).named("copy");
    options.active = Some(false);
    let node = other.add(options);
    assert!(!node.is_active());
    assert!(node.file().is_some_and(|file| file.is_active()), "children are active");
}
