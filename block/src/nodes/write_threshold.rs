//! The threshold of a node: the offset above which a write is reported.

use std::sync::atomic::Ordering;

use super::graph::Graph;
use super::node::Node;
use super::write_extent::ThresholdExceeded;

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
