//! How far writes to a node have reached, and the offset above which a write is reported.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::graph::Graph;
use super::node::Node;

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
type Receiver = dyn Fn(ThresholdExceeded<'_>) + Send + Sync;

/// The receiver of all writes beyond thresholds in a graph, if there is one. Clones share it.
#[derive(Clone, Default)]
pub(super) struct WriteThresholds(Arc<OnceLock<Box<Receiver>>>);

impl fmt::Debug for WriteThresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteThresholds")
    }
}

/// How far the writes to a node have reached.
#[derive(Debug, Default)]
pub(super) struct WriteExtent {
    /// The largest end of a write, in bytes.
    highest: AtomicU64,
    /// The offset above which the next write is reported; 0 for no report.
    threshold: AtomicU64,
    /// The name of the node and the receiver, once a threshold has been set.
    report: Mutex<Option<(String, WriteThresholds)>>,
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

impl Node {
    /// The largest end of a write to the node since it was opened, in bytes. Writes of nodes above
    /// count too.
    pub fn highest_write(&self) -> u64 {
        self.writes.extent().highest.load(Ordering::Relaxed)
    }

    /// The offset above which the next write is reported; 0 for no report.
    pub fn write_threshold(&self) -> u64 {
        self.writes.extent().threshold.load(Ordering::Relaxed)
    }
}

impl Graph {
    /// Calls `receiver` for each write that ends beyond the threshold of its node. Without effect
    /// if there is a receiver already.
    ///
    /// The receiver is called on the threads of the writers, and must not call the graph.
    pub fn on_write_threshold(
        &self,
        receiver: impl Fn(ThresholdExceeded<'_>) + Send + Sync + 'static,
    ) {
        let _ = self.write_thresholds().0.set(Box::new(receiver));
    }

    /// Lets the next write to a node that ends beyond `threshold` be reported, once. 0 removes the
    /// threshold.
    pub fn set_write_threshold(&self, node: &Node, threshold: u64) {
        let extent = node.writes.extent();
        *extent.report.lock() = Some((node.name().to_owned(), self.write_thresholds().clone()));
        extent.threshold.store(threshold, Ordering::Relaxed);
    }
}
