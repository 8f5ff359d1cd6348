//! Reads that copy data from backing files into an image: the filter `copy-on-read`.

use std::io;
use std::sync::{Arc, OnceLock, Weak};

use super::backing::{allocation, chain, unfiltered};
use super::node::Node;
use crate::error::Error;
use crate::image::filter::RequestFilter;
use crate::image::storage::Storage;

/// Copies data before they are read.
#[derive(Debug, Default)]
pub(super) struct CopyOnRead {
    /// The lowest node whose data are copied, if the client names one.
    pub(super) bottom: Option<Bottom>,
}

/// The lowest node whose data are copied.
#[derive(Debug)]
pub(super) struct Bottom {
    pub(super) node: Weak<Node>,
    /// The copy-on-read node, once it is open.
    pub(super) filter: Arc<OnceLock<Weak<Node>>>,
}

impl Bottom {
    /// The nodes whose data are copied, from the backing node of the image below the filter down to
    /// the lowest one.
    fn sources(&self) -> Option<Vec<Arc<Node>>> {
        let bottom = self.node.upgrade()?;
        let image = unfiltered(self.filter.get()?.upgrade()?);
        let mut sources = Vec::new();
        for node in chain(&image.backing()?).filter(|node| !node.driver().is_filter()) {
            let is_bottom = Arc::ptr_eq(&node, &bottom);
            sources.push(node);
            if is_bottom {
                break;
            }
        }
        Some(sources)
    }

    /// Copies the data of a range. As in QEMU, ranges that no source has allocated are not copied.
    fn copy(&self, below: &Storage, offset: u64, length: u64) -> io::Result<()> {
        let Some(sources) = self.sources() else { return Ok(()) };
        let end = offset.saturating_add(length);
        let mut at = offset;
        while at < end {
            let known = allocation(&sources, at, end - at).map_err(system_error)?;
            let next = at + known.length.clamp(1, end - at);
            if known.allocated {
                below.copy_on_read(at, next - at)?;
            }
            at = next;
        }
        Ok(())
    }
}

impl RequestFilter for CopyOnRead {
    fn read(&self, below: &Storage, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let length = buffer.len() as u64;
        match &self.bottom {
            Some(bottom) => bottom.copy(below, offset, length)?,
            None => below.copy_on_read(offset, length)?,
        }
        below.read(offset, buffer)
    }
}

/// The error of a storage for an error of a node.
fn system_error(error: Error) -> io::Error {
    match error {
        Error::Io(source) => source,
        other => io::Error::other(other),
    }
}
