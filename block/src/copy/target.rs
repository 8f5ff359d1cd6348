//! The target of a copy, and the limit of the writes to it.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::Error;
use crate::nodes::Node;

/// The largest number of requests in flight of one copy. Several requests keep the disk busy
/// while others are prepared. More requests would wait for each other, as a file that grows takes
/// one write at a time, and each would need [`REQUEST_MAX`](super::REQUEST_MAX) bytes of memory.
pub const REQUESTS_IN_FLIGHT: usize = 8;

/// The target of a copy.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) node: Arc<Node>,
    /// The unit in which zeroes are detected, in bytes.
    pub(super) unit: u64,
    /// Whether data are written compressed.
    pub(super) compresses: bool,
    /// Locked by each write to the page cache: the system serves these writes one after the other,
    /// and a thread that waits for another one there occupies a processor. Compression needs a
    /// processor and no lock, and direct I/O waits for the disk, so such writes overlap.
    page_cache: Option<Mutex<()>>,
}

impl Target {
    pub(super) fn new(node: Arc<Node>, unit: u64, compresses: bool) -> Self {
        let overlap = compresses || node.cache().direct;
        let page_cache = (!overlap).then(Mutex::default);
        Target { node, unit, compresses, page_cache }
    }

    /// Writes with `write`, once it may begin. Blocks the thread.
    pub(super) fn limited(&self, write: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let _lock = self.page_cache.as_ref().map(Mutex::lock);
        write()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::nodes::Graph;
    use crate::options::{BlockdevCacheOptions, BlockdevOptions};

    fn node(direct: bool) -> Arc<Node> {
        let cache =
            BlockdevCacheOptions { direct: Some(direct), ..BlockdevCacheOptions::default() };
        let options = BlockdevOptions {
            cache: Some(cache),
            ..BlockdevOptions::null_co(1 << 20).named("target")
        };
        Graph::new().add(&options).expect("it can be opened")
    }

    #[test]
    fn only_writes_to_the_page_cache_do_not_overlap() {
        let target = Target::new(node(false), 512, false);
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
        for (direct, compresses) in [(false, true), (true, false), (true, true)] {
            let target = Target::new(node(direct), 512, compresses);
            let nested = target.limited(|| target.limited(|| Ok(())));
            nested.expect("it does not wait");
        }
    }
}
