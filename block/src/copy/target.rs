//! The target of a copy, and the limit of the writes to it.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::nodes::Node;

/// The largest number of requests in flight of one copy. Several requests keep the disk busy
/// while others are prepared. More requests would wait for each other inside a qcow2 image, where
/// an L2 table takes one allocating write at a time, and each would need
/// [`REQUEST_MAX`](super::REQUEST_MAX) bytes of memory.
pub const REQUESTS_IN_FLIGHT: usize = 8;

/// The target of a copy.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) node: Arc<Node>,
    /// The unit in which zeroes are detected, in bytes.
    pub(super) unit: u64,
    /// Whether data are written compressed.
    pub(super) compresses: bool,
    writes: Mutex<Writes>,
    /// Notified when another write may begin.
    released: Condvar,
}

/// The writes to a target.
#[derive(Debug)]
struct Writes {
    in_progress: usize,
    /// The largest number of concurrent writes.
    most: usize,
}

impl Target {
    pub(super) fn new(node: Arc<Node>, unit: u64, compresses: bool) -> Self {
        // Compression needs a processor, and no lock. Other writes to one file exclude each other
        // in the system: writes to the page cache, and direct ones that allocate space. A thread
        // that waits for another one there occupies a processor.
        let most = if compresses { usize::MAX } else { 1 };
        let writes = Mutex::new(Writes { in_progress: 0, most });
        Target { node, unit, compresses, writes, released: Condvar::new() }
    }

    /// Allows one more concurrent write, up to a limit. Useful for direct I/O to space that is
    /// allocated, as these writes do not exclude each other.
    pub(super) fn allow_another_write(&self) {
        if self.node.cache().direct {
            let mut writes = self.writes.lock();
            writes.most = writes.most.saturating_add(1).min(REQUESTS_IN_FLIGHT);
            self.released.notify_one();
        }
    }

    /// Writes with `write`, once fewer than the limit of other writes are in progress. Blocks the
    /// thread.
    pub(super) fn limited(&self, write: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let _permit = self.permit();
        write()
    }

    fn permit(&self) -> Permit<'_> {
        let mut writes = self.writes.lock();
        while writes.in_progress >= writes.most {
            self.released.wait(&mut writes);
        }
        writes.in_progress += 1;
        Permit(self)
    }
}

/// The permission for one write, until this is dropped.
#[derive(Debug)]
struct Permit<'a>(&'a Target);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.writes.lock().in_progress -= 1;
        self.0.released.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::nodes::Graph;
    use crate::options::BlockdevOptions;

    #[test]
    fn writes_to_the_page_cache_do_not_overlap_and_compressing_ones_do() {
        let options = BlockdevOptions::null_co(1 << 20).named("target");
        let node = Graph::new().add(&options).expect("it can be opened");
        let target = Target::new(Arc::clone(&node), 512, false);
        target.allow_another_write();
        let writers = AtomicUsize::new(0);
        let write = || {
            assert_eq!(writers.fetch_add(1, Ordering::SeqCst), 0, "no other one is in progress");
            std::thread::yield_now();
            writers.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).try_for_each(|_| target.limited(write)));
            }
        });
        let compressing = Target::new(node, 512, true);
        let nested = compressing.limited(|| compressing.limited(|| Ok(())));
        nested.expect("it does not wait");
    }
}
