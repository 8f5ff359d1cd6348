//! The event `BLOCK_IMAGE_CORRUPTED`.

use block::image::qcow2::Corruption;
use qapi_core::qapi_event;

/// A request found a corruption in an image.
#[qapi_event(since = "1.7")]
#[derive(Debug, Clone)]
pub struct BlockImageCorrupted {
    /// The device with the image: always empty, as this program has no devices.
    pub device: String,
    /// The name of the node.
    pub node_name: Option<String>,
    /// What is wrong.
    pub msg: String,
    /// The offset in the image file of the access that was refused.
    pub offset: Option<i64>,
    /// The size of that access in bytes.
    pub size: Option<i64>,
    /// Whether the image was marked as corrupt and is unusable from now on.
    pub fatal: bool,
}

impl BlockImageCorrupted {
    /// The event for a corruption of the image of a node.
    pub fn new(node_name: &str, corruption: &Corruption) -> Self {
        let number = |number: Option<u64>| number.and_then(|number| number.try_into().ok());
        BlockImageCorrupted {
            device: String::new(),
            node_name: Some(node_name.to_owned()),
            msg: corruption.message.clone(),
            offset: number(corruption.offset),
            size: number(corruption.size),
            fatal: corruption.fatal,
        }
    }
}
