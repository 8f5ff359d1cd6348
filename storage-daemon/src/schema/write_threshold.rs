//! The event `BLOCK_WRITE_THRESHOLD`.

use block::nodes::ThresholdExceeded;
use qapi_core::qapi_event;

/// A write to a node ended beyond its threshold, which is removed then.
#[qapi_event(since = "2.3")]
#[derive(Debug, Clone)]
pub struct BlockWriteThreshold {
    /// The name of the node.
    pub node_name: String,
    /// The number of bytes between the threshold and the end of the write.
    pub amount_exceeded: u64,
    /// The threshold, an offset in bytes.
    pub write_threshold: u64,
}

impl From<ThresholdExceeded<'_>> for BlockWriteThreshold {
    fn from(write: ThresholdExceeded<'_>) -> Self {
        BlockWriteThreshold {
            node_name: write.node_name.to_owned(),
            amount_exceeded: write.exceeded,
            write_threshold: write.threshold,
        }
    }
}
