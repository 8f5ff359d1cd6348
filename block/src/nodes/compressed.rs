//! Compressed data.

use super::driver::Driver;
use super::node::Node;
use super::watch::Write;
use crate::error::Result;

impl Node {
    /// Whether compressed data can be written to the node.
    pub fn compresses(&self) -> bool {
        match self.driver {
            Driver::Qcow2 => true,
            Driver::Blkdebug
            | Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite
            | Driver::File
            | Driver::Raw
            | Driver::NullCo => false,
        }
    }

    /// Writes whole clusters, compressed where that makes them smaller. The last one may be cut off
    /// by the end of the image.
    ///
    /// # Errors
    /// As [`Node::write`]; also where the image has data already that are not compressed, or is
    /// none that takes compressed data.
    pub fn write_compressed(&self, offset: u64, buffer: &[u8]) -> Result<()> {
        self.check_writable()?;
        let mut perform = || Ok(self.image.write_compressed(offset, buffer)?);
        self.writes.begin_write().run(Write::data(offset, buffer), &mut perform)
    }
}
