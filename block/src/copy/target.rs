//! The target of a copy, and the limit of the writes to it.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::nodes::Node;

/// The largest number of concurrent writes to a target with direct I/O: one waits for the disk, and
/// the next one is submitted. More writes that allocate space only wait for a lock of the file
/// system, and use processor time meanwhile.
const DIRECT_WRITES_MAX: usize = 2;

/// The target of a copy.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) node: Arc<Node>,
    /// The unit in which zeroes are detected, in bytes.
    pub(super) unit: u64,
    /// Whether data are written compressed.
    pub(super) compresses: bool,
    /// The number of writes that may begin.
    free: Mutex<usize>,
    /// Notified when a write ends.
    released: Condvar,
}

impl Target {
    pub(super) fn new(node: Arc<Node>, unit: u64, compresses: bool) -> Self {
        let writes = match node.cache().direct {
            // Compression needs a processor, and no lock.
            _ if compresses => usize::MAX,
            true => DIRECT_WRITES_MAX,
            // Writes to the page cache of one file exclude each other. A thread that waits for
            // another one in the system occupies a processor.
            false => 1,
        };
        let (free, released) = (Mutex::new(writes), Condvar::new());
        Target { node, unit, compresses, free, released }
    }

    /// Writes with `write`, once fewer than the limit of other writes are in progress. Blocks the
    /// thread.
    pub(super) fn limited(&self, write: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let _permit = self.permit();
        write()
    }

    fn permit(&self) -> Permit<'_> {
        let mut free = self.free.lock();
        while *free == 0 {
            self.released.wait(&mut free);
        }
        *free -= 1;
        Permit(self)
    }
}

/// The permission for one write, until this is dropped.
#[derive(Debug)]
struct Permit<'a>(&'a Target);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.released.notify_one();
    }
}
