//! For tests: a node on storage that hangs as long as it is told to.

use super::driver::Driver;
use super::inherit::{CommonOptions, GivenOptions, Settings};
use super::node::Node;
use super::{Graph, NodeUse};
use crate::image::Image;
use crate::image::flat::{FlatImage, FlatMode};
use crate::image::storage::Storage;
use imago::Storage as ImagoStorage;
use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::drivers::CommonStorageHelper;
use parking_lot::{Condvar, Mutex};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long a test waits for what is sure to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Zeroes, each request for which waits at a gate while that is shut.
#[derive(Debug)]
pub(crate) struct Gate {
    size: u64,
    state: Mutex<GateState>,
    changed: Condvar,
    helper: CommonStorageHelper,
}

#[derive(Debug, Default)]
struct GateState {
    shut: bool,
    waiting: usize,
    passed: usize,
}

impl Gate {
    /// A gate that is shut.
    pub(crate) fn shut(size: u64) -> Arc<Self> {
        let state = Mutex::new(GateState { shut: true, ..GateState::default() });
        Arc::new(Gate { size, state, changed: Condvar::new(), helper: Default::default() })
    }

    /// Lets everything pass.
    pub(crate) fn open(&self) {
        self.state.lock().shut = false;
        self.changed.notify_all();
    }

    /// Lets nothing pass any more.
    pub(crate) fn close(&self) {
        self.state.lock().shut = true;
    }

    /// Waits until so many requests wait at the gate.
    pub(crate) fn wait_for(&self, requests: usize) {
        let mut state = self.state.lock();
        let too_few = |state: &mut GateState| state.waiting < requests;
        let waited = self.changed.wait_while_for(&mut state, too_few, PATIENCE);
        assert!(!waited.timed_out(), "only {} of {requests} requests came", state.waiting);
    }

    /// How many requests wait at the gate.
    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().waiting
    }

    /// How many requests have passed.
    pub(crate) fn passed(&self) -> usize {
        self.state.lock().passed
    }

    /// Waits at the gate, but not for ever: a test whose thread waits here itself fails.
    pub(super) fn pass(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_while_for(&mut state, |state| state.shut, PATIENCE);
        state.waiting -= 1;
        state.passed += 1;
        if waited.timed_out() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// A node of this storage.
    pub(crate) fn node(self: &Arc<Self>, name: &str) -> Node {
        node_of(self.clone(), name)
    }

    /// Adds a node of this storage to a graph.
    pub(crate) fn add_to(self: &Arc<Self>, graph: &Graph, name: &str) -> Arc<Node> {
        add(graph, self.node(name))
    }
}

/// A node of a storage.
pub(super) fn node_of(storage: Storage, name: &str) -> Node {
    let settings = Settings::new(CommonOptions::of_root(true), GivenOptions::default());
    let mode = FlatMode { writable: true, ..FlatMode::default() };
    let image = Image::Flat(FlatImage::new(storage, mode));
    Node::new(name.to_owned(), Driver::NullCo, settings, image)
}

/// Adds a node to a graph.
pub(super) fn add(graph: &Graph, node: Node) -> Arc<Node> {
    let node = Arc::new(node);
    graph.with_state(|state| {
        let place = state.expect(Some(node.name().to_owned())).expect("the name is free");
        state.insert(Arc::clone(&node));
        state.publish(&[place]);
    });
    node
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("gate")
    }
}

impl ImagoStorage for Gate {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    unsafe fn pure_readv(&self, mut bufv: IoVectorMut<'_>, _offset: u64) -> io::Result<()> {
        self.pass()?;
        bufv.fill(0);
        Ok(())
    }

    unsafe fn pure_writev(&self, _bufv: IoVector<'_>, _offset: u64) -> io::Result<()> {
        self.pass()
    }

    fn flush(&self) -> io::Result<()> {
        self.pass()
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    unsafe fn invalidate_cache(&self) -> io::Result<()> {
        Ok(())
    }

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }
}

/// Does to a graph what the main loop does, which must not wait for any image.
fn use_as_main_loop_does(graph: &Graph) {
    let node = graph.get("other").expect("it is there");
    assert!(graph.get("slow").is_none(), "it is not open yet, or no longer");
    assert!(graph.nodes().iter().all(|node| node.name() != "slow"));
    graph.check_free(&node, super::Operation::BackupSource).expect("it is free");
    drop(graph.reserve("backup", "j0", [NodeUse::source(node)]).expect("it is free"));
}

mod tests {
    use super::*;
    use crate::nodes::options::{
        BackingOption, Child, DriverOptions, NodeOptions, NullOptions, Qcow2Options,
    };
    use std::sync::mpsc;
    use std::thread;

    fn null(name: &str) -> NodeOptions {
        NodeOptions::new(DriverOptions::NullCo(NullOptions { size: None, read_zeroes: None }))
            .named(name)
    }

    fn graph_with_other() -> Graph {
        let graph = Graph::new();
        graph.add(null("other")).expect("it can be opened");
        graph
    }

    /// Does what must not wait, and fails rather than hangs if it does.
    fn without_waiting(graph: &Graph, work: impl FnOnce(&Graph) + Send + 'static) {
        let (done, is_done) = mpsc::channel();
        let graph = graph.clone();
        thread::spawn(move || {
            work(&graph);
            done.send(()).expect("the test waits");
        });
        is_done.recv_timeout(PATIENCE).expect("the graph is usable meanwhile");
    }

    #[test]
    fn an_image_that_is_slow_to_close_stops_nobody() {
        let graph = graph_with_other();
        let gate = Gate::shut(1 << 20);
        gate.add_to(&graph, "slow");
        let closing = {
            let graph = graph.clone();
            thread::spawn(move || graph.remove("slow").map_err(|error| error.to_string()))
        };
        gate.wait_for(1);
        without_waiting(&graph, |graph| {
            use_as_main_loop_does(graph);
            let gone = graph.remove("slow").expect_err("it is being closed").to_string();
            assert_eq!(gone, "Failed to find node with node-name='slow'");
            let taken = graph.add(null("slow")).expect_err("it has its name").to_string();
            assert_eq!(taken, "Duplicate nodes with node-name='slow'");
        });
        gate.open();
        assert_eq!(closing.join().expect("no panic"), Ok(()));
        graph.add(null("slow")).expect("the name is free again");
    }

    #[test]
    fn an_image_that_is_slow_to_open_stops_nobody() {
        let graph = graph_with_other();
        let gate = Gate::shut(1 << 20);
        gate.add_to(&graph, "file");
        let opening = {
            let (graph, file) = (graph.clone(), Child::Reference("file".into()));
            let options = Qcow2Options::new(file, BackingOption::None);
            let options = NodeOptions::new(DriverOptions::Qcow2(options)).named("slow");
            thread::spawn(move || graph.add(options).map(drop).map_err(|error| error.to_string()))
        };
        gate.wait_for(1);
        without_waiting(&graph, |graph| {
            use_as_main_loop_does(graph);
            let taken = graph.add(null("slow")).expect_err("the name is kept").to_string();
            assert_eq!(taken, "Duplicate nodes with node-name='slow'");
            let used = graph.remove("file").expect_err("it is being read").to_string();
            assert_eq!(used, "Block device file is in use");
        });
        gate.open();
        let refused = opening.join().expect("no panic").expect_err("it holds zeroes");
        assert_eq!(refused, "Image is not in qcow2 format");
        graph.add(null("slow")).expect("the name is free again");
        graph.remove("file").expect("nobody uses it any more");
    }

    #[test]
    fn closing_all_waits_for_what_others_are_closing() {
        let graph = graph_with_other();
        let gate = Gate::shut(1 << 20);
        gate.add_to(&graph, "slow");
        let others = graph.clone();
        let closing = thread::spawn(move || others.remove("slow").map_err(|e| e.to_string()));
        gate.wait_for(1);
        let all = graph.clone();
        let ending = thread::spawn(move || {
            all.remove_all();
            all.with_state(|state| state.entry("slow").is_none())
        });
        gate.open();
        assert!(ending.join().expect("no panic"), "it was not closed yet");
        assert_eq!(closing.join().expect("no panic"), Ok(()));
    }
}
