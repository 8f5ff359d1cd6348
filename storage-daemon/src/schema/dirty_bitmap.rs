//! The types of the commands `block-dirty-bitmap-*`.

use qapi_core::{qapi_alternate, qapi_struct};

/// A bitmap of a node.
#[qapi_struct(since = "2.4")]
#[derive(Debug, Clone)]
pub struct BlockDirtyBitmap {
    /// The node.
    pub node: String,
    /// The name of the bitmap.
    pub name: String,
}

/// A bitmap of a certain node, or of the node that the context determines.
#[qapi_alternate(since = "4.0")]
#[derive(Debug, Clone)]
pub enum BlockDirtyBitmapOrStr {
    /// The name of a bitmap.
    Local(String),
    /// A bitmap of another node.
    External(BlockDirtyBitmap),
}

/// The arguments of `block-dirty-bitmap-add`.
#[qapi_struct(since = "2.4")]
#[derive(Debug, Clone)]
pub struct BlockDirtyBitmapAdd {
    /// The node.
    pub node: String,
    /// The name of the bitmap: 1 to 1,023 bytes.
    pub name: String,
    /// The number of bytes for which a bit stands: a power of two from 512 on. By default, the
    /// cluster size of the node, but 4 KiB to 64 KiB.
    pub granularity: Option<u32>,
    /// Whether the bitmap is stored in the image when the image is closed; `false` by default.
    #[qapi(since = "2.10")]
    pub persistent: Option<bool>,
    /// Whether the bitmap records no writes before it is enabled; `false` by default.
    #[qapi(since = "4.0")]
    pub disabled: Option<bool>,
}

/// The arguments of `block-dirty-bitmap-merge`.
#[qapi_struct(since = "4.0")]
#[derive(Debug, Clone)]
pub struct BlockDirtyBitmapMerge {
    /// The node of the target.
    pub node: String,
    /// The bitmap to which the dirty ranges are added.
    pub target: String,
    /// The bitmaps whose dirty ranges are added.
    pub bitmaps: Vec<BlockDirtyBitmapOrStr>,
}

/// The checksum of a bitmap.
#[qapi_struct(since = "2.10")]
#[derive(Debug, Clone)]
pub struct BlockDirtyBitmapSha256 {
    /// The SHA-256 of the bits, in hexadecimal digits.
    pub sha256: String,
}
