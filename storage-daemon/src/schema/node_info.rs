//! The types that `query-named-block-nodes` and `query-block` return.

use std::sync::Arc;

use block::image::qcow2::snapshots::Snapshot;
use block::options::BlockdevDetectZeroesOptions;
use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::block_job::BlockDeviceIoStatus;
use super::create::Qcow2CompressionType;

/// A device with a disk.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone)]
pub struct BlockInfo {
    /// The device's name.
    pub device: String,
    /// The identifier or the path of the guest's device.
    #[qapi(since = "2.10")]
    pub qdev: Option<String>,
    /// Always `unknown`.
    #[qapi(name = "type")]
    pub device_type: String,
    /// Whether the disk is removable.
    pub removable: bool,
    /// Whether the guest has locked the disk.
    pub locked: bool,
    /// The disk.
    pub inserted: Option<Box<BlockDeviceInfo>>,
    /// Whether the tray is open.
    #[qapi(name = "tray_open", name_exception)]
    pub tray_open: Option<bool>,
    /// Whether an error has stopped the device.
    pub io_status: Option<BlockDeviceIoStatus>,
}

/// A node.
///
/// No command of this program sets limits of bandwidth or requests: these members are always 0,
/// which means no limit.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone)]
pub struct BlockDeviceInfo {
    /// The filename of the node's image.
    pub file: String,
    /// The node's name.
    #[qapi(since = "2.0")]
    pub node_name: Option<String>,
    /// Whether the node is read-only.
    pub ro: bool,
    /// The node's driver.
    pub drv: String,
    /// The filename of the backing image.
    #[qapi(name = "backing_file", name_exception)]
    pub backing_file: Option<String>,
    /// The number of images in the backing chain; 0 in the reply to a `flat` query.
    #[qapi(name = "backing_file_depth", name_exception, since = "1.2")]
    pub backing_file_depth: i64,
    /// Whether the node is active.
    #[qapi(since = "10.0")]
    pub active: bool,
    /// Whether the image is encrypted.
    pub encrypted: bool,
    /// How writes of zeroes are treated.
    #[qapi(name = "detect_zeroes", name_exception, since = "2.1")]
    pub detect_zeroes: BlockdevDetectZeroesOptions,
    /// The limit of bandwidth in bytes per second.
    pub bps: i64,
    /// The limit of bandwidth for reads in bytes per second.
    #[qapi(name = "bps_rd", name_exception)]
    pub bps_rd: i64,
    /// The limit of bandwidth for writes in bytes per second.
    #[qapi(name = "bps_wr", name_exception)]
    pub bps_wr: i64,
    /// The limit of requests per second.
    pub iops: i64,
    /// The limit of reads per second.
    #[qapi(name = "iops_rd", name_exception)]
    pub iops_rd: i64,
    /// The limit of writes per second.
    #[qapi(name = "iops_wr", name_exception)]
    pub iops_wr: i64,
    /// The node's image.
    #[qapi(since = "1.6")]
    pub image: Arc<ImageInfo>,
    /// The cache mode.
    #[qapi(since = "2.3")]
    pub cache: BlockdevCacheInfo,
    /// The offset above which a write emits an event; 0 means that no write does.
    #[qapi(name = "write_threshold", name_exception, since = "2.3")]
    pub write_threshold: i64,
    /// The dirty bitmaps of the node, the newest first.
    #[qapi(since = "4.2")]
    pub dirty_bitmaps: Option<Vec<BlockDirtyInfo>>,
}

/// A dirty bitmap.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone)]
pub struct BlockDirtyInfo {
    /// The name; absent for the writes that a bitmap takes in after a job that uses it.
    #[qapi(since = "2.4")]
    pub name: Option<String>,
    /// The number of dirty bytes.
    pub count: i64,
    /// The number of bytes for which a bit stands.
    #[qapi(since = "1.4")]
    pub granularity: u32,
    /// Whether writes are recorded.
    #[qapi(since = "4.0")]
    pub recording: bool,
    /// Whether a job or an export uses the bitmap.
    #[qapi(since = "4.0")]
    pub busy: bool,
    /// Whether the bitmap is stored in the image.
    #[qapi(since = "4.0")]
    pub persistent: bool,
    /// Whether the bitmap was not stored properly, so that it is not usable; absent otherwise.
    #[qapi(since = "4.0")]
    pub inconsistent: Option<bool>,
}

/// The cache mode of a node.
#[qapi_struct(since = "2.3")]
#[derive(Debug, Clone, Copy)]
pub struct BlockdevCacheInfo {
    /// Whether a write completes before the data are on the disk.
    pub writeback: bool,
    /// Whether requests bypass the host's page cache.
    pub direct: bool,
    /// Whether flush requests are ignored.
    pub no_flush: bool,
}

/// An image, without its backing image.
#[qapi_struct(since = "8.0")]
#[derive(Debug, Clone)]
pub struct BlockNodeInfo {
    /// The filename.
    pub filename: String,
    /// The format.
    pub format: String,
    /// Whether the image has the dirty flag, as it was not closed cleanly.
    pub dirty_flag: Option<bool>,
    /// The space that the image occupies on the host, in bytes.
    pub actual_size: Option<i64>,
    /// The virtual size in bytes.
    pub virtual_size: i64,
    /// The cluster size in bytes.
    pub cluster_size: Option<i64>,
    /// Whether the image is encrypted.
    pub encrypted: Option<bool>,
    /// Whether all data are compressed.
    #[qapi(since = "1.7")]
    pub compressed: Option<bool>,
    /// The backing file, as the image names it.
    pub backing_filename: Option<String>,
    /// The path of the backing file: absolute, or relative to the working directory.
    pub full_backing_filename: Option<String>,
    /// The format of the backing file, as the image names it.
    pub backing_filename_format: Option<String>,
    /// The internal snapshots, if there are any.
    pub snapshots: Option<Vec<SnapshotInfo>>,
    /// The properties that are specific to the format.
    #[qapi(since = "1.7")]
    pub format_specific: Option<ImageInfoSpecific>,
}

/// An internal snapshot.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone)]
pub struct SnapshotInfo {
    /// The identifier.
    pub id: String,
    /// The name.
    pub name: String,
    /// The size of the state of the virtual machine, in bytes.
    pub vm_state_size: i64,
    /// The time of the creation, in seconds since 1970.
    pub date_sec: i64,
    /// The fraction of the second, in nanoseconds.
    pub date_nsec: i64,
    /// The time that the guest had run, in seconds.
    pub vm_clock_sec: i64,
    /// The fraction of that second, in nanoseconds.
    pub vm_clock_nsec: i64,
    /// The number of instructions that the guest had executed, if it was recorded.
    #[qapi(since = "5.2")]
    pub icount: Option<i64>,
}

impl From<&Snapshot> for SnapshotInfo {
    fn from(snapshot: &Snapshot) -> Self {
        const NANOSECONDS: u64 = 1_000_000_000;
        SnapshotInfo {
            id: snapshot.id.clone(),
            name: snapshot.name.clone(),
            vm_state_size: snapshot.vm_state_size.cast_signed(),
            date_sec: snapshot.date_sec.into(),
            date_nsec: snapshot.date_nsec.into(),
            vm_clock_sec: (snapshot.vm_clock_nsec / NANOSECONDS).cast_signed(),
            vm_clock_nsec: (snapshot.vm_clock_nsec % NANOSECONDS).cast_signed(),
            icount: snapshot.icount.map(u64::cast_signed),
        }
    }
}

/// An image, with its backing chain.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone)]
pub struct ImageInfo {
    /// The image itself.
    #[qapi(base)]
    pub node: BlockNodeInfo,
    /// The backing image.
    #[qapi(since = "1.6")]
    pub backing_image: Option<Arc<ImageInfo>>,
}

/// The formats with specific properties.
#[qapi_enum(since = "1.7")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageInfoSpecificKind {
    /// A qcow2 image.
    Qcow2,
    /// A file.
    #[qapi(since = "8.0")]
    File,
}

/// The properties that are specific to a format.
#[qapi_union(discriminator = "type", tag = ImageInfoSpecificKind, since = "1.7")]
#[derive(Debug, Clone)]
pub enum ImageInfoSpecific {
    /// The properties of a qcow2 image.
    Qcow2(ImageInfoSpecificQcow2Wrapper),
    /// The properties of a file.
    File(ImageInfoSpecificFileWrapper),
}

/// The wrapper of the properties of a qcow2 image.
#[qapi_struct(name = "ImageInfoSpecificQCow2Wrapper", since = "1.7")]
#[derive(Debug, Clone)]
pub struct ImageInfoSpecificQcow2Wrapper {
    /// The properties.
    pub data: ImageInfoSpecificQcow2,
}

/// The wrapper of the properties of a file.
#[qapi_struct(since = "8.0")]
#[derive(Debug, Clone)]
pub struct ImageInfoSpecificFileWrapper {
    /// The properties.
    pub data: ImageInfoSpecificFile,
}

/// The properties of a qcow2 image.
#[qapi_struct(name = "ImageInfoSpecificQCow2", since = "1.7")]
#[derive(Debug, Clone)]
pub struct ImageInfoSpecificQcow2 {
    /// The release of QEMU that introduced the image's format version: `0.10` or `1.1`.
    pub compat: String,
    /// The external data file, as the image names it.
    #[qapi(since = "4.0")]
    pub data_file: Option<String>,
    /// Whether the data file is a valid raw image.
    #[qapi(since = "4.0")]
    pub data_file_raw: Option<bool>,
    /// Whether the subclusters of a cluster are allocated separately.
    #[qapi(since = "5.2")]
    pub extended_l2: Option<bool>,
    /// Whether reference counts may be updated lazily.
    pub lazy_refcounts: Option<bool>,
    /// Whether the image is marked as corrupt.
    #[qapi(since = "2.2")]
    pub corrupt: Option<bool>,
    /// The width of a reference count in bits.
    #[qapi(since = "2.3")]
    pub refcount_bits: i64,
    /// The persistent bitmaps, if there are any.
    #[qapi(since = "4.0")]
    pub bitmaps: Option<Vec<Qcow2BitmapInfo>>,
    /// The compression method of clusters.
    #[qapi(since = "5.1")]
    pub compression_type: Qcow2CompressionType,
}

/// A persistent bitmap of a qcow2 image.
#[qapi_struct(since = "4.0")]
#[derive(Debug, Clone)]
pub struct Qcow2BitmapInfo {
    /// The name.
    pub name: String,
    /// The number of bytes for which a bit stands.
    pub granularity: u32,
    /// The flags in the image.
    pub flags: Vec<Qcow2BitmapInfoFlags>,
}

/// A flag of a persistent bitmap.
#[qapi_enum(since = "4.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qcow2BitmapInfoFlags {
    /// A program is using the bitmap, or did not store it properly.
    InUse,
    /// Writes are recorded while the image is open.
    Auto,
}

/// The properties of a file.
#[qapi_struct(since = "8.0")]
#[derive(Debug, Clone, Copy)]
pub struct ImageInfoSpecificFile {
    /// The extent size hint of the file, in bytes.
    pub extent_size_hint: Option<u64>,
}
