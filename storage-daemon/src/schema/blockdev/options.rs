//! `BlockdevOptions`: how a client describes a node, on the command line as well as in QMP.
//!
//! Types, values and member orders are those of `block-core.json` as QEMU 10.0 has it, for the
//! drivers that this program has. Members that it accepts but does nothing about say so.

use qapi_core::{Null, qapi_alternate, qapi_enum, qapi_struct, qapi_union};

use super::blkdebug::BlockdevOptionsBlkdebug;
use super::drivers::{
    BlockdevOptionsFile, BlockdevOptionsNull, BlockdevOptionsQcow2, BlockdevOptionsRaw,
};

/// What kind of node it is: where it keeps its data, and in which format.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevDriver {
    /// Another node, with faults on demand.
    Blkdebug,
    /// A file of the host.
    File,
    /// Nowhere: reads zeroes, and forgets what is written.
    NullCo,
    /// A qcow2 image in another node.
    Qcow2,
    /// The bytes of another node as they are.
    Raw,
}

/// A node to be opened.
#[qapi_union(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptions {
    /// What kind of node.
    #[qapi(discriminator)]
    pub driver: BlockdevDriverOptions,
    /// The name by which commands refer to it. A node that is described inside another one may go
    /// without.
    pub node_name: Option<String>,
    /// What becomes of requests to discard data; they are ignored unless said otherwise.
    pub discard: Option<BlockdevDiscardOptions>,
    /// How the host caches.
    pub cache: Option<BlockdevCacheOptions>,
    /// Whether the node may be used at once. Only `true`, which is the default, is supported.
    #[qapi(since = "10.0")]
    pub active: Option<bool>,
    /// Whether writes are refused; they are not unless said otherwise.
    pub read_only: Option<bool>,
    /// Whether to open the image read-only where it cannot be opened for writing.
    #[qapi(since = "3.1")]
    pub auto_read_only: Option<bool>,
    /// Whether to share the image with writers elsewhere, which only read-only nodes can; not done
    /// unless said so.
    pub force_share: Option<bool>,
    /// Whether writes of zeroes are detected; not done unless said so, but jobs detect zeroes by
    /// themselves.
    #[qapi(since = "2.1")]
    pub detect_zeroes: Option<BlockdevDetectZeroesOptions>,
}

/// What each driver wants to know.
#[qapi_union(tag = BlockdevDriver)]
#[derive(Debug, Clone)]
pub enum BlockdevDriverOptions {
    /// For [`BlockdevDriver::Blkdebug`].
    Blkdebug(Box<BlockdevOptionsBlkdebug>),
    /// For [`BlockdevDriver::File`].
    File(BlockdevOptionsFile),
    /// For [`BlockdevDriver::NullCo`].
    NullCo(BlockdevOptionsNull),
    /// For [`BlockdevDriver::Qcow2`].
    Qcow2(BlockdevOptionsQcow2),
    /// For [`BlockdevDriver::Raw`].
    Raw(BlockdevOptionsRaw),
}

/// Another node: one that exists, or one to be opened.
#[qapi_alternate(since = "2.9")]
#[derive(Debug, Clone)]
pub enum BlockdevRef {
    /// A node to be opened along with the one that refers to it.
    Definition(Box<BlockdevOptions>),
    /// The name of a node that exists.
    Reference(String),
}

/// Another node, or deliberately none.
#[qapi_alternate(since = "2.9")]
#[derive(Debug, Clone)]
pub enum BlockdevRefOrNull {
    /// A node to be opened along with the one that refers to it.
    Definition(Box<BlockdevOptions>),
    /// The name of a node that exists. The empty string is an old way to say `null`.
    Reference(String),
    /// None.
    Null(Null),
}

/// What becomes of requests to discard data.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevDiscardOptions {
    /// They are ignored.
    Ignore,
    /// The space is given back.
    Unmap,
}

/// How writes of zeroes are treated.
#[qapi_enum(since = "2.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevDetectZeroesOptions {
    /// As any write.
    Off,
    /// As zeroes, which formats store in less space.
    On,
    /// As zeroes whose space is given back.
    Unmap,
}

/// How the host caches.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy)]
pub struct BlockdevCacheOptions {
    /// Whether to go round the host's page cache; not done unless said so.
    pub direct: Option<bool>,
    /// Whether to leave it to the host when data reaches the disk; not done unless said so.
    pub no_flush: Option<bool>,
}
