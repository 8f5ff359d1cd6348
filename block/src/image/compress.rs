//! A filter that compresses all data written through it.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::alignment::Alignment;
use super::filter::RequestFilter;
use super::storage::{Storage, ZeroMode};

/// Compresses writes, in whole clusters of the storage below. A write to a part of a cluster reads
/// the rest of the cluster. Zeroes are not compressed, as they take no space.
#[derive(Debug)]
pub(crate) struct Compress {
    alignment: Mutex<Arc<Alignment>>,
}

impl Default for Compress {
    fn default() -> Self {
        Compress { alignment: Mutex::new(Arc::new(Alignment::new(1, 1))) }
    }
}

impl Compress {
    /// The alignment to clusters. The size of clusters changes if the storage below is replaced,
    /// when no write is in flight.
    fn alignment(&self, below: &Storage) -> Arc<Alignment> {
        let cluster = below.cluster_size().unwrap_or(1);
        let mut alignment = self.alignment.lock();
        if alignment.request() != cluster {
            *alignment = Arc::new(Alignment::new(cluster, 1));
        }
        Arc::clone(&alignment)
    }
}

impl RequestFilter for Compress {
    fn write(&self, below: &Storage, offset: u64, data: &[u8]) -> io::Result<()> {
        let size = below.size()?;
        let read = |offset, buffer: &mut [u8]| below.read(offset, buffer);
        self.alignment(below).write(offset, data, read, |write| {
            // The last cluster ends with the storage.
            let inside = size.saturating_sub(write.offset).min(write.data.len() as u64);
            below.write_compressed(write.offset, &write.data[..inside as usize])
        })
    }

    /// Clusters that are zeroed in part are rewritten, so that no write to their rest is lost.
    fn write_zeroes(
        &self,
        below: &Storage,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        let alignment = self.alignment(below);
        let zero = |offset, length| below.zero(offset, length, mode);
        let write = |offset, zeroes: &[u8]| self.write(below, offset, zeroes);
        alignment.write_zeroes((offset, length), alignment.request(), mode, zero, write)
    }
}
