//! What `query-named-block-nodes` tells: `BlockDeviceInfo` and the types below it.

use block::options::BlockdevDetectZeroesOptions;
use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::block_job::BlockDeviceIoStatus;
use super::create::Qcow2CompressionType;

/// A device that has a disk.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone)]
pub struct BlockInfo {
    /// Its name.
    pub device: String,
    /// The name or the path of the device that a guest sees.
    #[qapi(since = "2.10")]
    pub qdev: Option<String>,
    /// Unused: `unknown`.
    #[qapi(name = "type")]
    pub device_type: String,
    /// Whether its disk can be removed.
    pub removable: bool,
    /// Whether the guest keeps its disk from being removed.
    pub locked: bool,
    /// Its disk.
    pub inserted: Option<Box<BlockDeviceInfo>>,
    /// Whether its tray is open.
    #[qapi(name = "tray_open", name_exception)]
    pub tray_open: Option<bool>,
    /// Whether an error has stopped it.
    pub io_status: Option<BlockDeviceIoStatus>,
}

/// A node.
///
/// Limits of bandwidth and of requests are not set by any command of this program; where they are
/// not optional they are 0, which is none.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone)]
pub struct BlockDeviceInfo {
    /// The name of its image.
    pub file: String,
    /// Its name.
    #[qapi(since = "2.0")]
    pub node_name: Option<String>,
    /// Whether writes are refused.
    pub ro: bool,
    /// Its driver.
    pub drv: String,
    /// The name of its backing image.
    #[qapi(name = "backing_file", name_exception)]
    pub backing_file: Option<String>,
    /// How many backing images there are below each other; 0 in a flat answer.
    #[qapi(name = "backing_file_depth", name_exception, since = "1.2")]
    pub backing_file_depth: i64,
    /// Whether the node may be used.
    #[qapi(since = "10.0")]
    pub active: bool,
    /// Whether the image is encrypted.
    pub encrypted: bool,
    /// How writes of zeroes are treated.
    #[qapi(name = "detect_zeroes", name_exception, since = "2.1")]
    pub detect_zeroes: BlockdevDetectZeroesOptions,
    /// The limit of bandwidth, in bytes a second.
    pub bps: i64,
    /// The limit of bandwidth for reads, in bytes a second.
    #[qapi(name = "bps_rd", name_exception)]
    pub bps_rd: i64,
    /// The limit of bandwidth for writes, in bytes a second.
    #[qapi(name = "bps_wr", name_exception)]
    pub bps_wr: i64,
    /// The limit of requests a second.
    pub iops: i64,
    /// The limit of reads a second.
    #[qapi(name = "iops_rd", name_exception)]
    pub iops_rd: i64,
    /// The limit of writes a second.
    #[qapi(name = "iops_wr", name_exception)]
    pub iops_wr: i64,
    /// Its image.
    #[qapi(since = "1.6")]
    pub image: ImageInfo,
    /// How the host caches.
    #[qapi(since = "2.3")]
    pub cache: BlockdevCacheInfo,
    /// The offset beyond which a write is told to clients; 0 is never.
    #[qapi(name = "write_threshold", name_exception, since = "2.3")]
    pub write_threshold: i64,
}

/// How the host caches a node's data.
#[qapi_struct(since = "2.3")]
#[derive(Debug, Clone, Copy)]
pub struct BlockdevCacheInfo {
    /// Whether a write is told to be done before it is on the disk.
    pub writeback: bool,
    /// Whether the host's page cache is gone round.
    pub direct: bool,
    /// Whether it is left to the host when data reaches the disk.
    pub no_flush: bool,
}

/// An image, without those below it.
#[qapi_struct(since = "8.0")]
#[derive(Debug, Clone)]
pub struct BlockNodeInfo {
    /// Its name.
    pub filename: String,
    /// Its format.
    pub format: String,
    /// Whether it was not closed properly.
    pub dirty_flag: Option<bool>,
    /// What it takes up on the host, in bytes.
    pub actual_size: Option<i64>,
    /// What a user of it sees, in bytes.
    pub virtual_size: i64,
    /// What it allocates at a time, in bytes.
    pub cluster_size: Option<i64>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// Whether all of it is compressed.
    #[qapi(since = "1.7")]
    pub compressed: Option<bool>,
    /// Its backing file, as it names that.
    pub backing_filename: Option<String>,
    /// The same as a path that can be opened.
    pub full_backing_filename: Option<String>,
    /// The format of the backing file, as it names that.
    pub backing_filename_format: Option<String>,
    /// What only its format has.
    #[qapi(since = "1.7")]
    pub format_specific: Option<ImageInfoSpecific>,
}

/// An image, with those below it.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone)]
pub struct ImageInfo {
    /// The image itself.
    #[qapi(base)]
    pub node: BlockNodeInfo,
    /// The image that shows through where this one has nothing of its own.
    #[qapi(since = "1.6")]
    pub backing_image: Option<Box<ImageInfo>>,
}

/// The formats that have something to tell of their own.
#[qapi_enum(since = "1.7")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageInfoSpecificKind {
    /// A qcow2 image.
    Qcow2,
    /// A file.
    #[qapi(since = "8.0")]
    File,
}

/// What only one format has to tell.
#[qapi_union(discriminator = "type", tag = ImageInfoSpecificKind, since = "1.7")]
#[derive(Debug, Clone)]
pub enum ImageInfoSpecific {
    /// Of a qcow2 image.
    Qcow2(ImageInfoSpecificQCow2Wrapper),
    /// Of a file.
    File(ImageInfoSpecificFileWrapper),
}

/// What only a qcow2 image has to tell, one level deeper.
#[qapi_struct(since = "1.7")]
#[derive(Debug, Clone)]
pub struct ImageInfoSpecificQCow2Wrapper {
    /// What it has to tell.
    pub data: ImageInfoSpecificQCow2,
}

/// What only a file has to tell, one level deeper.
#[qapi_struct(since = "8.0")]
#[derive(Debug, Clone)]
pub struct ImageInfoSpecificFileWrapper {
    /// What it has to tell.
    pub data: ImageInfoSpecificFile,
}

/// What only a qcow2 image has to tell.
#[qapi_struct(since = "1.7")]
#[derive(Debug, Clone)]
pub struct ImageInfoSpecificQCow2 {
    /// The version of the format, by the release of QEMU that brought it: `0.10` or `1.1`.
    pub compat: String,
    /// Whether clusters are divided.
    #[qapi(since = "5.2")]
    pub extended_l2: Option<bool>,
    /// Whether reference counts may be updated lazily.
    pub lazy_refcounts: Option<bool>,
    /// Whether the image is known to be damaged.
    #[qapi(since = "2.2")]
    pub corrupt: Option<bool>,
    /// The width of a reference count, in bits.
    #[qapi(since = "2.3")]
    pub refcount_bits: i64,
    /// How clusters are compressed.
    #[qapi(since = "5.1")]
    pub compression_type: Qcow2CompressionType,
}

/// What only a file has to tell.
#[qapi_struct(since = "8.0")]
#[derive(Debug, Clone, Copy)]
pub struct ImageInfoSpecificFile {
    /// The size in which the file system was asked to allocate, in bytes.
    pub extent_size_hint: Option<u64>,
}
