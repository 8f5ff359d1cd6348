//! A storage in memory whose flushes wait at a gate.

use std::fmt;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::gate::{self, Gate};
use crate::image::storage::{BlockStorage, Preallocation, Storage};
use crate::nodes::{Graph, Node};

/// Bytes in memory. Reads and writes are served at once, and flushes wait while the gate is shut.
#[derive(Debug)]
struct SlowFlush {
    bytes: Mutex<Vec<u8>>,
    gate: Arc<Gate>,
}

/// Adds a node on an empty storage in memory whose flushes wait at a gate.
pub fn add_slow_to_flush(graph: &Graph, name: &str, gate: &Arc<Gate>) -> Arc<Node> {
    let storage = SlowFlush { bytes: Mutex::default(), gate: Arc::clone(gate) };
    gate::add(graph, Storage::new(storage), name)
}

impl fmt::Display for SlowFlush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("slow to flush")
    }
}

impl BlockStorage for SlowFlush {
    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().len() as u64)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes.lock();
        let known = bytes.get(offset as usize..).unwrap_or_default();
        let length = known.len().min(buffer.len());
        buffer[..length].copy_from_slice(&known[..length]);
        buffer[length..].fill(0);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes.lock();
        let (start, end) = (offset as usize, offset as usize + data.len());
        let length = bytes.len().max(end);
        bytes.resize(length, 0);
        bytes[start..end].copy_from_slice(data);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.gate.pass()
    }

    fn sync(&self) -> io::Result<()> {
        self.gate.pass()
    }

    fn resize(&self, size: u64, _preallocation: Preallocation) -> io::Result<()> {
        self.bytes.lock().resize(size as usize, 0);
        Ok(())
    }
}
