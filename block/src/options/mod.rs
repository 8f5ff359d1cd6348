//! `BlockdevOptions`: the description of a block node, for `blockdev-add`, the command line and
//! names of the form `json:{...}`.
//!
//! Types, values and the order of members are those of QEMU 10.0's `qapi/block-core.json`, for the
//! drivers of this library. The documentation of a member says so where the library accepts it
//! without effect, or supports only a part of its values.

pub mod blkdebug;
pub(crate) mod blkdebug_config;
mod blkdebug_event;
pub mod drivers;
pub mod filters;
pub(crate) mod json;

use qapi_core::{Null, qapi_alternate, qapi_enum, qapi_struct, qapi_union};

pub use self::blkdebug::BlockdevOptionsBlkdebug;
pub use self::drivers::{
    BlockdevAioOptions, BlockdevOptionsFile, BlockdevOptionsGenericFormat, BlockdevOptionsNull,
    BlockdevOptionsQcow2, BlockdevOptionsRaw, OnOffAuto,
};
pub use self::filters::{
    BlockdevOptionsCor, BlockdevOptionsPreallocate, BlockdevOptionsThrottle,
};
use crate::error::{Error, Result};

/// The largest number of nodes on top of each other: more than any use needs.
///
/// QEMU has no such limit. Opening nodes, reads of nodes and descriptions of nodes recurse, so the
/// limit is checked before each of them. It also ends a chain of backing files that is circular.
/// The stack that this depth requires is [`STACK_SIZE`](crate::nodes::STACK_SIZE).
pub const MAX_DEPTH: usize = 200;

/// The value of a member that must not be negative.
pub(crate) fn unsigned<T: Into<i64>>(value: Option<T>, name: &str) -> Result<Option<u64>> {
    let Some(value) = value.map(Into::into) else { return Ok(None) };
    u64::try_from(value).map(Some).map_err(|_negative| {
        Error::InvalidOption(format!("Value '{value}' is out of range for parameter '{name}'"))
    })
}

/// The drivers of nodes that a client can describe.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevDriver {
    /// Another node, with errors injected into its requests.
    Blkdebug,
    /// A filter that compresses writes.
    #[qapi(since = "5.0")]
    Compress,
    /// A filter whose reads copy data from backing files into the image below.
    #[qapi(since = "3.0")]
    CopyOnRead,
    /// A file of the host.
    File,
    /// A CD-ROM drive of the host.
    #[qapi(name = "host_cdrom", name_exception)]
    HostCdrom,
    /// A block device of the host.
    #[qapi(name = "host_device", name_exception)]
    HostDevice,
    /// No storage: reads give zeroes, and writes are discarded.
    NullCo,
    /// A filter that allocates space beyond the end of a file.
    #[qapi(since = "6.0")]
    Preallocate,
    /// A qcow2 image in another node.
    Qcow2,
    /// The bytes of another node, unchanged.
    Raw,
    /// A filter that limits the rates of requests.
    #[qapi(since = "2.11")]
    Throttle,
}

/// A node to be opened, with all nodes that are described inline below it.
#[qapi_union(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptions {
    /// The driver, with the options that only this driver has.
    #[qapi(discriminator)]
    pub driver: BlockdevDriverOptions,
    /// The name by which commands refer to the node. A node that is described inside another one
    /// needs none.
    pub node_name: Option<String>,
    /// How requests to discard data are handled; `ignore` by default.
    pub discard: Option<BlockdevDiscardOptions>,
    /// How the host caches. Members that are absent have the value of the node above.
    pub cache: Option<BlockdevCacheOptions>,
    /// Whether the node is active at once; `true` by default. Nodes that are described inside are
    /// active.
    #[qapi(since = "10.0")]
    pub active: Option<bool>,
    /// Whether writes are refused. By default, the `file` child of a node has the value of the
    /// node, a backing file is read-only, and other nodes are writable.
    pub read_only: Option<bool>,
    /// Whether to open the image read-only if it cannot be opened for writing. By default, the
    /// value is that of the node above, and `false` for other nodes and for backing files.
    #[qapi(since = "3.1")]
    pub auto_read_only: Option<bool>,
    /// Whether to share the image with writers in other processes. Only a read-only node can
    /// share it. By default, the value is that of the node above.
    pub force_share: Option<bool>,
    /// Whether writes of zeroes are detected; `off` by default. Jobs detect zeroes in any case.
    #[qapi(since = "2.1")]
    pub detect_zeroes: Option<BlockdevDetectZeroesOptions>,
    /// Which files and nodes the image may name. By default, the value is that of the node above,
    /// and `all` for other nodes. QEMU has no such member.
    pub image_references: Option<BlockdevImageReferences>,
}

impl BlockdevOptions {
    /// A node of this driver with defaults for all other options.
    pub fn new(driver: BlockdevDriverOptions) -> Self {
        BlockdevOptions {
            driver,
            node_name: None,
            discard: None,
            cache: None,
            active: None,
            read_only: None,
            auto_read_only: None,
            force_share: None,
            detect_zeroes: None,
            image_references: None,
        }
    }

    /// A `file` node for the file at this path.
    pub fn file(filename: impl Into<String>) -> Self {
        Self::new(BlockdevDriverOptions::File(BlockdevOptionsFile::new(filename)))
    }

    /// A `host_device` node for the block device at this path.
    pub fn host_device(filename: impl Into<String>) -> Self {
        Self::new(BlockdevDriverOptions::HostDevice(BlockdevOptionsFile::new(filename)))
    }

    /// A `raw` node on top of another one.
    pub fn raw(file: impl Into<BlockdevRef>) -> Self {
        Self::new(BlockdevDriverOptions::Raw(BlockdevOptionsRaw::new(file.into())))
    }

    /// A `qcow2` node for the image in another node, with the backing file that the image names.
    pub fn qcow2(file: impl Into<BlockdevRef>) -> Self {
        Self::new(BlockdevDriverOptions::Qcow2(BlockdevOptionsQcow2::new(file.into())))
    }

    /// A `null-co` node of this size in bytes, which is at most [`i64::MAX`].
    pub fn null_co(size: u64) -> Self {
        let size = Some(i64::try_from(size).unwrap_or(i64::MAX));
        let options = BlockdevOptionsNull { size, ..BlockdevOptionsNull::default() };
        Self::new(BlockdevDriverOptions::NullCo(options))
    }

    /// A `compress` node on top of another one.
    pub fn compress(file: impl Into<BlockdevRef>) -> Self {
        let options = BlockdevOptionsGenericFormat { file: file.into() };
        Self::new(BlockdevDriverOptions::Compress(options))
    }

    /// A `copy-on-read` node on top of another one.
    pub fn copy_on_read(file: impl Into<BlockdevRef>) -> Self {
        Self::new(BlockdevDriverOptions::CopyOnRead(BlockdevOptionsCor::new(file.into())))
    }

    /// The same node with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.node_name = Some(name.into());
        self
    }

    /// The same node, read-only or writable.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = Some(read_only);
        self
    }
}

impl From<BlockdevOptionsQcow2> for BlockdevOptions {
    fn from(options: BlockdevOptionsQcow2) -> Self {
        Self::new(BlockdevDriverOptions::Qcow2(options))
    }
}

/// The options that only one driver has.
#[qapi_union(tag = BlockdevDriver)]
#[derive(Debug, Clone)]
pub enum BlockdevDriverOptions {
    /// For [`BlockdevDriver::Blkdebug`].
    Blkdebug(Box<BlockdevOptionsBlkdebug>),
    /// For [`BlockdevDriver::Compress`].
    Compress(BlockdevOptionsGenericFormat),
    /// For [`BlockdevDriver::CopyOnRead`].
    CopyOnRead(BlockdevOptionsCor),
    /// For [`BlockdevDriver::File`].
    File(BlockdevOptionsFile),
    /// For [`BlockdevDriver::HostCdrom`].
    HostCdrom(BlockdevOptionsFile),
    /// For [`BlockdevDriver::HostDevice`].
    HostDevice(BlockdevOptionsFile),
    /// For [`BlockdevDriver::NullCo`].
    NullCo(BlockdevOptionsNull),
    /// For [`BlockdevDriver::Preallocate`].
    Preallocate(BlockdevOptionsPreallocate),
    /// For [`BlockdevDriver::Qcow2`].
    Qcow2(BlockdevOptionsQcow2),
    /// For [`BlockdevDriver::Raw`].
    Raw(BlockdevOptionsRaw),
    /// For [`BlockdevDriver::Throttle`].
    Throttle(BlockdevOptionsThrottle),
}

impl BlockdevDriverOptions {
    /// The driver.
    pub fn driver(&self) -> BlockdevDriver {
        match self {
            BlockdevDriverOptions::Blkdebug(_) => BlockdevDriver::Blkdebug,
            BlockdevDriverOptions::Compress(_) => BlockdevDriver::Compress,
            BlockdevDriverOptions::CopyOnRead(_) => BlockdevDriver::CopyOnRead,
            BlockdevDriverOptions::File(_) => BlockdevDriver::File,
            BlockdevDriverOptions::HostCdrom(_) => BlockdevDriver::HostCdrom,
            BlockdevDriverOptions::HostDevice(_) => BlockdevDriver::HostDevice,
            BlockdevDriverOptions::NullCo(_) => BlockdevDriver::NullCo,
            BlockdevDriverOptions::Preallocate(_) => BlockdevDriver::Preallocate,
            BlockdevDriverOptions::Qcow2(_) => BlockdevDriver::Qcow2,
            BlockdevDriverOptions::Raw(_) => BlockdevDriver::Raw,
            BlockdevDriverOptions::Throttle(_) => BlockdevDriver::Throttle,
        }
    }
}

/// Another node: one that exists, or one to be opened.
#[qapi_alternate(since = "2.9")]
#[derive(Debug, Clone)]
pub enum BlockdevRef {
    /// A node to be opened together with the node that refers to it.
    Definition(Box<BlockdevOptions>),
    /// The name of a node that exists.
    Reference(String),
}

impl From<BlockdevOptions> for BlockdevRef {
    fn from(options: BlockdevOptions) -> Self {
        BlockdevRef::Definition(Box::new(options))
    }
}

impl From<&str> for BlockdevRef {
    fn from(node_name: &str) -> Self {
        BlockdevRef::Reference(node_name.to_owned())
    }
}

/// Another node, or explicitly none.
#[qapi_alternate(since = "2.9")]
#[derive(Debug, Clone)]
pub enum BlockdevRefOrNull {
    /// A node to be opened together with the node that refers to it.
    Definition(Box<BlockdevOptions>),
    /// The name of a node that exists. The empty string is an old form of `null`.
    Reference(String),
    /// No node.
    Null(Null),
}

impl BlockdevRefOrNull {
    /// No node.
    pub const NONE: Self = BlockdevRefOrNull::Null(Null);
}

impl From<BlockdevRef> for BlockdevRefOrNull {
    fn from(node: BlockdevRef) -> Self {
        match node {
            BlockdevRef::Definition(options) => BlockdevRefOrNull::Definition(options),
            BlockdevRef::Reference(name) => BlockdevRefOrNull::Reference(name),
        }
    }
}

/// How requests to discard data are handled.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BlockdevDiscardOptions {
    /// The requests are ignored.
    #[default]
    Ignore,
    /// The requests are passed to the storage, which may free the space.
    Unmap,
}

/// How writes of zeroes are handled.
#[qapi_enum(since = "2.1")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BlockdevDetectZeroesOptions {
    /// As any other write.
    #[default]
    Off,
    /// As a request for zeroes, which formats store in less space.
    On,
    /// As a request for zeroes whose space may be freed.
    Unmap,
}

/// What an image may name in its header: the backing file and the external data file.
///
/// An image from a stranger can name any file that the program can open, and so give the contents
/// of that file to any reader of the image. The file that a client names in `backing` or
/// `data-file` is not restricted. The values are in the order of strictness.
#[qapi_enum]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockdevImageReferences {
    /// Anything that a name can denote.
    #[default]
    All,
    /// Files by their paths. Descriptions (`json:`) and protocols such as `blkdebug:` are refused.
    Files,
    /// Nothing: an image that names a file is not opened.
    None,
}

/// How the host caches.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockdevCacheOptions {
    /// Whether to bypass the host's page cache; `false` by default.
    pub direct: Option<bool>,
    /// Whether flushes do not wait for the disk; `false` by default.
    pub no_flush: Option<bool>,
}
