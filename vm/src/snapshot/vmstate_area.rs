//! The area of a node that has the state of a machine, as a stream of bytes.

use std::io::{self, Read, Write};
use std::sync::Arc;

use block::error::Error;
use block::nodes::Node;

/// A place in the area of a node.
pub(super) struct VmStateArea {
    node: Arc<Node>,
    offset: u64,
    /// The end of the state, for reading.
    end: u64,
}

impl VmStateArea {
    /// The beginning of the area, for writing.
    pub(super) fn for_writing(node: &Arc<Node>) -> Self {
        Self { node: Arc::clone(node), offset: 0, end: 0 }
    }

    /// The beginning of the area, which has a state of `size` bytes.
    pub(super) fn for_reading(node: &Arc<Node>, size: u64) -> Self {
        Self { node: Arc::clone(node), offset: 0, end: size }
    }

    /// The number of bytes before this place.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
}

impl Write for VmStateArea {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.node.write_vm_state(self.offset, data).map_err(system_error)?;
        self.offset += data.len() as u64;
        Ok(data.len())
    }

    /// The snapshot flushes the state with everything else.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for VmStateArea {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (buffer.len() as u64).min(self.end - self.offset) as usize;
        let buffer = &mut buffer[..length];
        self.node.read_vm_state(self.offset, buffer).map_err(system_error)?;
        self.offset += length as u64;
        Ok(length)
    }
}

fn system_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
