//! A storage in memory whose flushes wait at a gate.

use std::fmt;
use std::io;
use std::sync::Arc;

use imago::Storage as ImagoStorage;
use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::PreallocateMode;
use imago::storage::drivers::CommonStorageHelper;
use parking_lot::Mutex;

use super::gate::{self, Gate};
use crate::image::storage::{BlockStorage, Storage};
use crate::nodes::{Graph, Node};

/// Bytes in memory. Reads and writes are served at once, and flushes wait while the gate is shut.
#[derive(Debug)]
struct SlowFlush {
    bytes: Mutex<Vec<u8>>,
    gate: Arc<Gate>,
    helper: CommonStorageHelper,
}

/// Adds a node on an empty storage in memory whose flushes wait at a gate.
pub fn add_slow_to_flush(graph: &Graph, name: &str, gate: &Arc<Gate>) -> Arc<Node> {
    let storage = SlowFlush {
        bytes: Mutex::default(),
        gate: Arc::clone(gate),
        helper: CommonStorageHelper::default(),
    };
    gate::add(graph, Storage::new(storage), name)
}

impl fmt::Display for SlowFlush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("slow to flush")
    }
}

impl BlockStorage for SlowFlush {}

impl ImagoStorage for SlowFlush {
    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().len() as u64)
    }

    unsafe fn pure_readv(&self, bufv: IoVectorMut<'_>, offset: u64) -> io::Result<()> {
        let bytes = self.bytes.lock();
        let mut rest = bytes.get(offset as usize..).unwrap_or_default();
        for mut buffer in bufv.into_inner() {
            let known = rest.len().min(buffer.len());
            let (now, later) = rest.split_at(known);
            buffer[..known].copy_from_slice(now);
            buffer[known..].fill(0);
            rest = later;
        }
        Ok(())
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        let mut bytes = self.bytes.lock();
        let mut position = offset as usize;
        for buffer in bufv.into_inner() {
            let end = position + buffer.len();
            let length = bytes.len().max(end);
            bytes.resize(length, 0);
            bytes[position..end].copy_from_slice(&buffer);
            position = end;
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.gate.pass()
    }

    fn sync(&self) -> io::Result<()> {
        self.gate.pass()
    }

    unsafe fn invalidate_cache(&self) -> io::Result<()> {
        Ok(())
    }

    fn resize(&self, size: u64, _preallocate: PreallocateMode) -> io::Result<()> {
        self.bytes.lock().resize(size as usize, 0);
        Ok(())
    }

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }
}
