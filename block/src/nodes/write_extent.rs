//! How far the writes to a node have reached, and the report of a write beyond a threshold.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

/// A write that ended beyond the threshold of its node.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ThresholdExceeded<'a> {
    /// The name of the node.
    pub node_name: &'a str,
    /// The threshold, an offset in bytes.
    pub threshold: u64,
    /// The number of bytes between the threshold and the end of the write.
    pub exceeded: u64,
}

/// A function that receives the writes beyond thresholds.
pub(super) type Receiver = dyn Fn(ThresholdExceeded<'_>) + Send + Sync;

/// The receiver of all writes beyond thresholds in a graph, if there is one. Clones share it.
#[derive(Clone, Default)]
pub(super) struct WriteThresholds(pub(super) Arc<OnceLock<Box<Receiver>>>);

impl fmt::Debug for WriteThresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteThresholds")
    }
}

/// How far the writes to a node have reached.
#[derive(Debug, Default)]
pub(super) struct WriteExtent {
    /// The largest end of a write, in bytes.
    pub(super) highest: AtomicU64,
    /// The offset above which the next write is reported; 0 for no report.
    pub(super) threshold: AtomicU64,
    /// The name of the node and the receiver, once a threshold has been set.
    pub(super) report: Mutex<Option<(String, WriteThresholds)>>,
}

impl WriteExtent {
    /// Reports a write up to `end` that exceeds the threshold, which is removed then.
    pub(super) fn begin_write(&self, end: u64) {
        let threshold = self.threshold.load(Ordering::Relaxed);
        if threshold == 0 || end <= threshold {
            return;
        }
        // One of several writes at once reports the threshold.
        let removed =
            self.threshold.compare_exchange(threshold, 0, Ordering::Relaxed, Ordering::Relaxed);
        if removed.is_ok()
            && let Some((node_name, receivers)) = &*self.report.lock()
            && let Some(receiver) = receivers.0.get()
        {
            receiver(ThresholdExceeded { node_name, threshold, exceeded: end - threshold });
        }
    }

    /// Records a write up to `end`.
    pub(super) fn end_write(&self, end: u64) {
        self.highest.fetch_max(end, Ordering::Relaxed);
    }
}
