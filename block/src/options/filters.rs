//! The branches of `BlockdevOptions` for filters.

use qapi_core::qapi_struct;

use super::{BlockdevOptionsGenericFormat, BlockdevRef};

/// A filter whose reads copy data from backing files into the image below.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsCor {
    /// The options of all formats.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericFormat,
    /// The name of the lowest node in the backing chain of `file` whose data are copied. By
    /// default, each cluster that is read is allocated, also if it is zero. While the filter
    /// exists, the chain down to that node cannot change.
    pub bottom: Option<String>,
}

impl BlockdevOptionsCor {
    /// A filter that copies the data of all backing files.
    pub fn new(file: BlockdevRef) -> Self {
        let format = BlockdevOptionsGenericFormat { file };
        BlockdevOptionsCor { format, bottom: None }
    }
}

/// A filter that limits the rates of requests.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsThrottle {
    /// The throttle group, which has the limits.
    pub throttle_group: String,
    /// The node to which requests are passed.
    pub file: BlockdevRef,
}

/// A filter that allocates space beyond the end of a file when the image above grows.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsPreallocate {
    /// The options of all formats.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericFormat,
    /// The alignment of the end of the allocated space in bytes; 1 MiB by default.
    pub prealloc_align: Option<i64>,
    /// The bytes that are allocated beyond a write; 128 MiB by default.
    pub prealloc_size: Option<i64>,
}
