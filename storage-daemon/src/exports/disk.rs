//! A node as a disk of the NBD server.

use std::io;
use std::sync::Arc;

use block::error::Error;
use block::image::storage::ZeroMode;
use block::nodes::{self, Node, Root};
use nbd::{Disk, Extent, ZeroOptions};

/// The disk behind an export: the node of a root, which may change.
pub(super) struct NodeDisk {
    root: Root,
}

impl NodeDisk {
    pub(super) fn new(root: Root) -> Self {
        NodeDisk { root }
    }

    /// The name of the present node.
    pub(super) fn node_name(&self) -> String {
        self.node().name().to_owned()
    }

    fn node(&self) -> Arc<Node> {
        self.root.node()
    }
}

impl Disk for NodeDisk {
    fn size(&self) -> io::Result<u64> {
        self.node().size().map_err(system_error)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.root.read(offset, buffer).map_err(system_error)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.root.write(offset, data).map_err(system_error)
    }

    fn write_zeroes(&self, offset: u64, length: u64, options: ZeroOptions) -> io::Result<()> {
        let mode = if options.no_unmap { ZeroMode::Allocated } else { ZeroMode::MayUnmap };
        self.root.write_zeroes(offset, length, mode).map_err(system_error)
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.root.discard_range(offset, length).map_err(system_error)
    }

    fn flush(&self) -> io::Result<()> {
        self.root.flush().map_err(system_error)
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let extent = self.node().block_status(offset, length).map_err(system_error)?;
        // As in QEMU, a range without data is a hole, wherever its zeroes are from.
        Ok(Extent { length: extent.length, zero: extent.zero, allocated: !extent.zero })
    }

    fn allocation_depth(&self, offset: u64, length: u64) -> io::Result<(u32, u64)> {
        let mut known = length;
        for (depth, node) in (1..).zip(nodes::backing::images(&self.node())) {
            let status =
                nodes::backing::allocation(&[node], offset, known).map_err(system_error)?;
            known = status.length;
            if status.allocated {
                return Ok((depth, known));
            }
        }
        Ok((0, known))
    }
}

/// The error of the system behind an error of a node.
fn system_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::NodeReadOnly => io::ErrorKind::PermissionDenied.into(),
        other => io::Error::other(other),
    }
}
