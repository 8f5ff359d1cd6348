//! A storage whose requests wait at a gate.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::image::Image;
use crate::image::raw::{RawImage, RawMode};
use crate::image::storage::{BlockStorage, Storage};
use crate::nodes::{Graph, Node};

/// The longest wait for an event that is certain to occur.
const TIME_OUT: Duration = Duration::from_secs(60);

/// A storage of zeroes whose requests wait while the gate is shut.
#[derive(Debug)]
pub struct Gate {
    size: u64,
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    shut: bool,
    waiting: usize,
    passed: usize,
}

impl Gate {
    /// A shut gate, with a storage of this size in bytes.
    pub fn shut(size: u64) -> Arc<Self> {
        let state = Mutex::new(GateState { shut: true, ..GateState::default() });
        Arc::new(Gate { size, state, changed: Condvar::new() })
    }

    /// Opens the gate: waiting and later requests pass.
    pub fn open(&self) {
        self.state.lock().shut = false;
        self.changed.notify_all();
    }

    /// Shuts the gate: later requests wait.
    pub fn close(&self) {
        self.state.lock().shut = true;
    }

    /// Blocks until this many requests wait at the gate.
    pub fn wait_for(&self, requests: usize) {
        let mut state = self.state.lock();
        let too_few = |state: &mut GateState| state.waiting < requests;
        let waited = self.changed.wait_while_for(&mut state, too_few, TIME_OUT);
        assert!(!waited.timed_out(), "only {} of {requests} requests arrived", state.waiting);
    }

    /// The number of requests that wait at the gate.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting
    }

    /// The number of requests that have passed the gate.
    pub fn passed(&self) -> usize {
        self.state.lock().passed
    }

    /// Waits at the gate, with a time-out: a test whose own thread waits here fails.
    pub(super) fn pass(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_while_for(&mut state, |state| state.shut, TIME_OUT);
        state.waiting -= 1;
        state.passed += 1;
        if waited.timed_out() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// Adds a node of this storage to a graph.
    ///
    /// # Panics
    /// If the name is taken.
    pub fn add_to(self: &Arc<Self>, graph: &Graph, name: &str) -> Arc<Node> {
        add(graph, Arc::clone(self).into(), name)
    }
}

/// Adds a node of a storage to a graph.
pub(super) fn add(graph: &Graph, storage: Storage, name: &str) -> Arc<Node> {
    let mode = RawMode { writable: true, ..RawMode::default() };
    graph.add_image(name, Image::Raw(RawImage::new(storage, mode)))
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("gate")
    }
}

impl BlockStorage for Gate {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read(&self, _offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.pass()?;
        buffer.fill(0);
        Ok(())
    }

    fn write(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        self.pass()
    }

    fn flush(&self) -> io::Result<()> {
        self.pass()
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
