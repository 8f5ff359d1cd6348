//! The types of `blockdev-create`.

use block::options::{BlockdevDriver, BlockdevRef};
use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::encryption::QCryptoBlockCreateOptions;

/// An image to create. Only the drivers `file` and `qcow2` create images.
#[qapi_union(discriminator = "driver", tag = BlockdevDriver, since = "2.12")]
#[derive(Debug, Clone)]
pub enum BlockdevCreateOptions {
    /// Not supported: the driver has no data of its own.
    Blkdebug,
    /// Not supported: the driver has no data of its own.
    Compress,
    /// Not supported: the driver has no data of its own.
    CopyOnRead,
    /// A file of the host.
    File(BlockdevCreateOptionsFile),
    /// Not supported: devices exist.
    HostCdrom,
    /// Not supported: devices exist.
    HostDevice,
    /// Not supported: the driver has no storage.
    NullCo,
    /// Not supported: the driver has no data of its own.
    Preallocate,
    /// A qcow2 image in a node.
    Qcow2(Box<BlockdevCreateOptionsQcow2>),
    /// Not supported: creating the file creates the raw image.
    Raw,
    /// Not supported: the driver has no data of its own.
    Throttle,
}

/// A file to create.
#[qapi_struct(since = "2.12")]
#[derive(Debug, Clone)]
pub struct BlockdevCreateOptionsFile {
    /// The path. An existing file is truncated.
    pub filename: String,
    /// The size in bytes.
    pub size: u64,
    /// How much space is preallocated: `off`, which is the default, `falloc` or `full`.
    pub preallocation: Option<PreallocMode>,
    /// Whether to disable copy-on-write in the file system: a hint, which is ignored.
    pub nocow: Option<bool>,
    /// The size of the file system's extents in bytes, below 4 GiB: a hint, which is ignored.
    #[qapi(since = "5.1")]
    pub extent_size_hint: Option<u64>,
}

/// How much space of an image is preallocated when the image is created.
#[qapi_enum(since = "2.2")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreallocMode {
    /// No space.
    Off,
    /// The metadata.
    Metadata,
    /// The metadata and the data; the data with `fallocate`.
    Falloc,
    /// The metadata and the data; the data by writing zeroes.
    Full,
}

/// A qcow2 image to create in a node.
#[qapi_struct(since = "2.12")]
#[derive(Debug, Clone)]
pub struct BlockdevCreateOptionsQcow2 {
    /// The node. Its contents are overwritten.
    pub file: BlockdevRef,
    /// The node for the data, if data and metadata are stored in different nodes.
    #[qapi(since = "4.0")]
    pub data_file: Option<BlockdevRef>,
    /// Whether the data node is readable as a raw image; `false` by default.
    #[qapi(since = "4.0")]
    pub data_file_raw: Option<bool>,
    /// Whether the subclusters of a cluster are allocated separately; `false` by default.
    #[qapi(since = "5.2")]
    pub extended_l2: Option<bool>,
    /// The virtual size in bytes.
    pub size: u64,
    /// The version of the format; `v3` by default.
    pub version: Option<BlockdevQcow2Version>,
    /// The name of the backing file.
    pub backing_file: Option<String>,
    /// The format of the backing file.
    pub backing_fmt: Option<BlockdevDriver>,
    /// How the image is encrypted. With this member, the job fails: this program has no secrets.
    #[qapi(since = "2.10")]
    pub encrypt: Option<QCryptoBlockCreateOptions>,
    /// The cluster size in bytes; 65536 by default.
    pub cluster_size: Option<u64>,
    /// How much space is preallocated; `off` by default.
    pub preallocation: Option<PreallocMode>,
    /// Whether reference counts may be updated lazily; `false` by default.
    pub lazy_refcounts: Option<bool>,
    /// The width of a reference count in bits; 16 by default.
    pub refcount_bits: Option<i64>,
    /// The compression method of clusters; `zlib` by default.
    #[qapi(since = "5.1")]
    pub compression_type: Option<Qcow2CompressionType>,
}

/// The versions of the qcow2 format.
#[qapi_enum(since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevQcow2Version {
    /// The version that releases of QEMU before 1.1 can read (`compat=0.10`).
    V2,
    /// The version that QEMU 1.1 introduced (`compat=1.1`).
    V3,
}

/// The compression method of a qcow2 image's clusters.
#[qapi_enum(since = "5.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qcow2CompressionType {
    /// zlib, as specified in RFC 1950.
    Zlib,
    /// zstd, as specified in RFC 8878.
    Zstd,
}
