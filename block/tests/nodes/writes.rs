//! Watchers of writes, blocked writes, and replacement of nodes.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use block::error::Result;
use block::image::permissions::{Access, Permissions};
use block::nodes::BackingImages;
use block::nodes::{Driver, FilterOptions, Node, NodeUse, Write, WriteWatcher, quiesce_all};
use block::options::BlockdevOptions;
use parking_lot::Mutex;

use crate::support::*;

/// The longest wait for an event that is certain to occur.
const TIME_OUT: Duration = Duration::from_secs(60);

fn raw_node(fixture: &Fixture, name: &str) -> Arc<Node> {
    fixture.write(name, &[0; 4096]);
    fixture.add(raw(inline(fixture.file(name))).named(name))
}

fn null_node(fixture: &Fixture, name: &str) -> Arc<Node> {
    fixture.add(BlockdevOptions::null_co(M).named(name))
}

fn write_sharing_all() -> Access {
    Access { takes: Permissions::WRITE, shares: Permissions::all() }
}

/// Records its calls in a diary that it shares with other watchers.
struct Diary {
    name: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Diary {
    fn note(&self, text: String) {
        self.lines.lock().push(format!("{} {text}", self.name));
    }
}

impl WriteWatcher for Diary {
    fn watch(&self, write: Write<'_>, perform: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let kind = if write.data.is_some() { "data" } else { "zeroes" };
        self.note(format!("sees {kind} {}+{}", write.offset, write.length));
        let result = perform();
        self.note(match &result {
            Ok(()) => "done".to_owned(),
            Err(error) => error.to_string(),
        });
        result
    }
}

#[tokio::test]
async fn watchers_run_before_and_after_a_write_with_the_newest_outermost() {
    let fixture = Fixture::new();
    let node = raw_node(&fixture, "n");
    let lines = Arc::new(Mutex::new(Vec::new()));
    let diary = |name| Arc::new(Diary { name, lines: Arc::clone(&lines) });
    let (old, new) = (diary("old"), diary("new"));
    {
        let mut quiesced = node.quiesce().await;
        quiesced.watch(&old);
        quiesced.watch(&new);
    }
    node.write(512, &[1; 512]).expect("it can be written");
    let expected = ["new sees data 512+512", "old sees data 512+512", "old done", "new done"];
    assert_eq!(std::mem::take(&mut *lines.lock()), expected);

    drop(new);
    node.write_zeroes(8192, 512).expect_err("beyond the end");
    let expected = ["old sees zeroes 8192+512", "old Input/output error"];
    assert_eq!(std::mem::take(&mut *lines.lock()), expected);

    drop(old);
    node.write(0, &[2; 512]).expect("it can be written");
    assert!(lines.lock().is_empty());
}

/// Blocks each write until the test resumes it.
struct Slow {
    begun: mpsc::Sender<()>,
    resume: Mutex<mpsc::Receiver<()>>,
}

impl WriteWatcher for Slow {
    fn watch(&self, _write: Write<'_>, perform: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        self.begun.send(()).expect("the test waits");
        self.resume.lock().recv_timeout(TIME_OUT).expect("the test resumes the write");
        perform()
    }
}

#[tokio::test]
async fn a_quiesced_node_has_no_write_in_flight_and_none_begins() {
    let fixture = Fixture::new();
    let node = raw_node(&fixture, "n");
    let ((begun, has_begun), (resume, resumed)) = (mpsc::channel(), mpsc::channel());
    let slow = Arc::new(Slow { begun, resume: Mutex::new(resumed) });
    node.quiesce().await.watch(&slow);
    let write = |value: u8| {
        let node = Arc::clone(&node);
        thread::spawn(move || node.write(0, &[value; 512]).expect("it can be written"))
    };
    let first = write(1);
    has_begun.recv_timeout(TIME_OUT).expect("the write begins");
    let quiesce = node.quiesce();
    tokio::pin!(quiesce);
    let early = tokio::time::timeout(Duration::from_millis(1), &mut quiesce).await;
    assert!(early.is_err(), "a write is under way");
    resume.send(()).expect("the writer waits");
    let quiesced = quiesce.await;
    first.join().expect("no panic");
    let second = write(2);
    assert_eq!(contents(&node)[0], 1, "the second write is blocked");
    drop(quiesced);
    resume.send(()).expect("the writer waits");
    second.join().expect("no panic");
    assert_eq!(contents(&node)[0], 2);
}

#[tokio::test]
async fn nodes_above_are_quiesced_before_those_below() {
    let fixture = Fixture::new();
    let node = raw_node(&fixture, "n");
    let file = node.file().expect("a raw node has a file");
    let ((begun, has_begun), (resume, resumed)) = (mpsc::channel(), mpsc::channel());
    let slow = Arc::new(Slow { begun, resume: Mutex::new(resumed) });
    node.quiesce().await.watch(&slow);
    let writer = Arc::clone(&node);
    let write = thread::spawn(move || writer.write(0, &[1; 512]).expect("it can be written"));
    // The write has begun above, and not yet below.
    has_begun.recv_timeout(TIME_OUT).expect("the write begins");
    let all = quiesce_all(vec![file.clone(), node.clone(), file]);
    tokio::pin!(all);
    let early = tokio::time::timeout(Duration::from_millis(1), &mut all).await;
    assert!(early.is_err(), "a write is under way");
    resume.send(()).expect("the writer waits");
    let quiesced = tokio::time::timeout(TIME_OUT, all).await.expect("the write ends");
    write.join().expect("no panic");
    assert_eq!(quiesced.len(), 2);
    assert!(quiesced[1].is_below(&node) && !quiesced[0].is_below(&node));
}

#[tokio::test]
async fn roots_move_to_the_replacement_of_their_node() {
    let fixture = Fixture::new();
    let (old, new) = (raw_node(&fixture, "old"), raw_node(&fixture, "new"));
    let root = fixture.graph.attach_root("an export", old.clone(), write_sharing_all());
    let root = Arc::new(root.expect("the node is free"));
    let used = fixture.graph.remove("old").expect_err("it is used").to_string();
    assert_eq!(used, "Node old is in use");
    root.write(0, &[1; 512]).expect("it can be written");

    let quiesced = old.quiesce().await;
    let blocked = {
        let root = Arc::clone(&root);
        thread::spawn(move || root.write(512, &[2; 512]).expect("it can be written"))
    };
    fixture.graph.replace(&quiesced, &new).expect("the permissions allow it");
    drop(quiesced);
    blocked.join().expect("no panic");
    assert!(Arc::ptr_eq(&root.node(), &new));
    assert_eq!((contents(&old)[0], contents(&old)[512]), (1, 0));
    assert_eq!((contents(&new)[0], contents(&new)[512]), (0, 2));
    fixture.graph.remove("old").expect("it is unused");
    assert!(fixture.graph.remove("new").is_err(), "the root uses it");
}

#[tokio::test]
async fn roots_stay_if_they_cannot_use_the_other_node() {
    let fixture = Fixture::new();
    let old = raw_node(&fixture, "old");
    fixture.write("new", &[0; 4096]);
    let mut read_only = raw(inline(fixture.file("new"))).named("new");
    read_only.read_only = Some(true);
    let new = fixture.add(read_only);
    let root = fixture.graph.attach_root("an export", old.clone(), write_sharing_all());
    let root = root.expect("the node is free");
    let quiesced = old.quiesce().await;
    let refused = fixture.graph.replace(&quiesced, &new).expect_err("it is read-only");
    assert_eq!(refused.to_string(), "Block node is read-only");
    assert!(Arc::ptr_eq(&root.node(), &old));
    assert!(fixture.graph.remove("old").is_err(), "the root uses it");
}

#[test]
fn a_filter_is_visible_until_it_is_removed() {
    let fixture = Fixture::new();
    let node = null_node(&fixture, "n");
    let insert = |name: Option<&str>| {
        let name = name.map(str::to_owned);
        let options =
            FilterOptions { driver: Driver::MirrorTop, name, target: None, merges: false };
        fixture.graph.insert_filter(&node, options)
    };
    for (name, message) in [
        ("n", "Duplicate nodes with node-name='n'"),
        ("1x", "Invalid node-name: '1x'"),
        (&"x".repeat(32), "Node name too long"),
    ] {
        assert_eq!(insert(Some(name)).expect_err("a bad name").to_string(), message);
        assert_eq!(fixture.names(), ["n"]);
        fixture.graph.check_root(&node).expect("the node has no parent");
    }
    let filter = insert(None).expect("a name is generated");
    assert_eq!(fixture.names(), ["#block", "n"]);
    let info = filter.node().info(BackingImages::Nested).expect("the size is known");
    assert_eq!((info.driver, info.backing_depth), ("mirror_top", 1));
    let refused = fixture.graph.check_root(&node).expect_err("the filter is a parent");
    assert_eq!(refused.to_string(), "Need a root block node");
    drop(filter);
    assert_eq!(fixture.names(), ["n"]);
    fixture.graph.check_root(&node).expect("the filter is gone");
    let target = NodeUse::target(Arc::clone(&node));
    let reservation = fixture.graph.reserve("mirror", "j0", [target]).expect("it is free");
    let used = fixture.graph.remove("n").expect_err("it is used").to_string();
    assert_eq!(used, "Node n is in use");
    drop(reservation);
    fixture.graph.remove("n").expect("it is unused");
}
