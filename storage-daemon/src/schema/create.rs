//! `BlockdevCreateOptions`: how a client describes an image to be made.

use block::options::{BlockdevDriver, BlockdevRef};
use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::encryption::QCryptoBlockCreateOptions;

/// An image to be made.
///
/// Drivers that keep no data of their own, or have no format of their own, make none.
#[qapi_union(discriminator = "driver", tag = BlockdevDriver, since = "2.12")]
#[derive(Debug, Clone)]
pub enum BlockdevCreateOptions {
    /// Nothing: it has no data of its own.
    Blkdebug,
    /// A file of the host.
    File(BlockdevCreateOptionsFile),
    /// Nothing: there is nowhere to make it.
    NullCo,
    /// A qcow2 image in a node.
    Qcow2(Box<BlockdevCreateOptionsQcow2>),
    /// Nothing: a raw image is made by making the file.
    Raw,
}

/// A file to be made.
#[qapi_struct(since = "2.12")]
#[derive(Debug, Clone)]
pub struct BlockdevCreateOptionsFile {
    /// The path. A file that is there is emptied.
    pub filename: String,
    /// The size in bytes.
    pub size: u64,
    /// How much of it is allocated at once: `off`, which is the default, `falloc` or `full`.
    pub preallocation: Option<PreallocMode>,
    /// Whether to switch off copying on write in the file system: a hint, and without effect.
    pub nocow: Option<bool>,
    /// The size in which the file system is asked to allocate, in bytes, below 4 GiB: a hint, and
    /// without effect.
    #[qapi(since = "5.1")]
    pub extent_size_hint: Option<u64>,
}

/// How much of an image is allocated when it is made.
#[qapi_enum(since = "2.2")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreallocMode {
    /// Nothing.
    Off,
    /// What is needed to find the data, but not the data.
    Metadata,
    /// Everything, without writing it.
    Falloc,
    /// Everything, by writing zeroes.
    Full,
}

/// A qcow2 image to be made in a node.
#[qapi_struct(since = "2.12")]
#[derive(Debug, Clone)]
pub struct BlockdevCreateOptionsQcow2 {
    /// The node. What it holds is overwritten.
    pub file: BlockdevRef,
    /// A node for the data, apart from the metadata.
    #[qapi(since = "4.0")]
    pub data_file: Option<BlockdevRef>,
    /// Whether that node can be read as a raw image; not unless said so.
    #[qapi(since = "4.0")]
    pub data_file_raw: Option<bool>,
    /// Whether clusters are divided into parts that can be allocated singly; not unless said so.
    #[qapi(since = "5.2")]
    pub extended_l2: Option<bool>,
    /// The size that a user of the image sees, in bytes.
    pub size: u64,
    /// The version of the format; `v3` unless said otherwise.
    pub version: Option<BlockdevQcow2Version>,
    /// The backing file, as the image is to name it.
    pub backing_file: Option<String>,
    /// The format of the backing file, as the image is to name it.
    pub backing_fmt: Option<BlockdevDriver>,
    /// How it is encrypted. Secrets do not exist here, so that this fails.
    #[qapi(since = "2.10")]
    pub encrypt: Option<QCryptoBlockCreateOptions>,
    /// What is allocated at a time, in bytes; 65536 unless said otherwise.
    pub cluster_size: Option<u64>,
    /// How much is allocated at once; nothing unless said otherwise.
    pub preallocation: Option<PreallocMode>,
    /// Whether reference counts may be updated lazily; not unless said so.
    pub lazy_refcounts: Option<bool>,
    /// The width of a reference count, in bits; 16 unless said otherwise.
    pub refcount_bits: Option<i64>,
    /// How clusters are compressed; by `zlib` unless said otherwise.
    #[qapi(since = "5.1")]
    pub compression_type: Option<Qcow2CompressionType>,
}

/// The versions of the qcow2 format.
#[qapi_enum(since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevQcow2Version {
    /// The older one, which QEMU before 1.1 reads (`compat=0.10`).
    V2,
    /// The newer one (`compat=1.1`).
    V3,
}

/// How clusters of a qcow2 image are compressed.
#[qapi_enum(since = "5.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qcow2CompressionType {
    /// By zlib.
    Zlib,
    /// By zstd.
    Zstd,
}
