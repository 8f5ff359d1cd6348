//! What a client says about a node to be opened.
//!
//! These are plain values: the QMP layer makes them from `BlockdevOptions` of
//! `qapi/block-core.json`, the command line from `--blockdev`.

pub use super::blkdebug::{Blkdebug, BlkdebugOptions};
pub use super::blkdebug_rules::GivenRule;
use super::driver::Driver;
pub use crate::image::locks::Locking;

/// A node to be opened, with everything below it that is described inline.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The name; a node below another one may go without.
    pub node_name: Option<String>,
    /// Whether writes are refused. Without it, children of a node are as the node is, and
    /// backing files are read-only.
    pub read_only: Option<bool>,
    /// Whether to open read-only when writing is not permitted, instead of failing.
    pub auto_read_only: Option<bool>,
    /// What becomes of requests to discard.
    pub discard: Option<Discard>,
    /// Whether writes of zeroes are detected. Without a value, they are not.
    pub detect_zeroes: Option<DetectZeroes>,
    /// Whether others may do to the image whatever they like. Without a value, as the node above.
    pub force_share: Option<bool>,
    /// How the host caches. Without a value, as the node above.
    pub cache: CacheOptions,
    /// What kind of node, and what that kind wants to know.
    pub driver: DriverOptions,
}

impl NodeOptions {
    /// A node of the given kind with nothing else said.
    pub fn new(driver: DriverOptions) -> Self {
        NodeOptions {
            node_name: None,
            read_only: None,
            auto_read_only: None,
            discard: None,
            detect_zeroes: None,
            force_share: None,
            cache: CacheOptions::default(),
            driver,
        }
    }

    /// The same with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.node_name = Some(name.into());
        self
    }

    /// The same, read-only or not.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = Some(read_only);
        self
    }
}

/// `BlockdevDiscardOptions`: what becomes of requests to discard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discard {
    /// They are forgotten.
    #[default]
    Ignore,
    /// They go to the storage.
    Unmap,
}

/// `BlockdevDetectZeroesOptions`: how writes of nothing but zeroes are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetectZeroes {
    /// As any write.
    #[default]
    Off,
    /// As zeroes, which formats store in less space.
    On,
    /// As zeroes whose space is given back.
    Unmap,
}

/// `BlockdevCacheOptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheOptions {
    /// Bypass the page cache of the host.
    pub direct: Option<bool>,
    /// Do not wait until data has reached the disk.
    pub no_flush: Option<bool>,
}

/// The drivers, each with its own options.
#[derive(Clone, Debug)]
pub enum DriverOptions {
    /// Another node, with faults on demand.
    Blkdebug(BlkdebugOptions),
    /// A file of the host.
    File(FileOptions),
    /// The bytes of another node as they are.
    Raw(RawOptions),
    /// A qcow2 image in another node.
    Qcow2(Qcow2Options),
    /// Nothing: reads zeroes, forgets writes.
    NullCo(NullOptions),
}

impl DriverOptions {
    /// The name of the driver in the schema.
    pub fn name(&self) -> &'static str {
        match self {
            DriverOptions::Blkdebug(_) => Driver::Blkdebug,
            DriverOptions::File(_) => Driver::File,
            DriverOptions::Raw(_) => Driver::Raw,
            DriverOptions::Qcow2(_) => Driver::Qcow2,
            DriverOptions::NullCo(_) => Driver::NullCo,
        }
        .name()
    }
}

/// `BlockdevOptionsFile`.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// The path.
    pub filename: String,
    /// Whether to take QEMU's image locks; where that is possible if not given.
    pub locking: Option<Locking>,
    /// How requests are to be carried out.
    pub aio: Option<Aio>,
}

/// `BlockdevAioOptions`: how requests to a file are carried out. A hint: threads always do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aio {
    /// By threads.
    Threads,
    /// By the kernel, which demands that the page cache of the host be bypassed.
    Native,
    /// By the kernel, in its newer way.
    IoUring,
}

impl FileOptions {
    /// A file with nothing else said.
    pub fn new(filename: impl Into<String>) -> Self {
        let filename = filename.into();
        FileOptions { filename, locking: None, aio: None }
    }

    /// Whether the page cache of the host has to be bypassed.
    pub(super) fn needs_direct(&self) -> bool {
        self.aio == Some(Aio::Native)
    }
}

/// `BlockdevOptionsRaw`.
#[derive(Clone, Debug)]
pub struct RawOptions {
    /// Where the bytes are.
    pub file: Child,
    /// Where in the file the image begins, in bytes.
    pub offset: Option<u64>,
    /// How long the image is, in bytes; to the end of the file if not given.
    pub size: Option<u64>,
}

impl RawOptions {
    /// All of a file.
    pub fn new(file: Child) -> Self {
        RawOptions { file, offset: None, size: None }
    }
}

/// `BlockdevOptionsQcow2`.
#[derive(Clone, Debug)]
pub struct Qcow2Options {
    /// Where the image is.
    pub file: Child,
    /// What shows through where the image has nothing of its own.
    pub backing: BackingOption,
    /// Where the data are, if the image has them in a file of their own; the one that its header
    /// names, if not given.
    pub data_file: Option<Child>,
}

impl Qcow2Options {
    /// An image with all of its data.
    pub fn new(file: Child, backing: BackingOption) -> Self {
        Qcow2Options { file, backing, data_file: None }
    }
}

/// `BlockdevOptionsNull`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullOptions {
    /// The size in bytes; 1 GiB if not given.
    pub size: Option<u64>,
    /// Whether reads are said to give zeroes. They always do.
    pub read_zeroes: Option<bool>,
}

/// `BlockdevRef`: another node, by name or by description.
#[derive(Clone, Debug)]
pub enum Child {
    /// A node that exists.
    Reference(String),
    /// A node to be opened with its parent, and to go with it.
    Inline(Box<NodeOptions>),
}

/// The option `backing`: `BlockdevRefOrNull`, or left out.
#[derive(Clone, Debug, Default)]
pub enum BackingOption {
    /// As the header of the image says.
    #[default]
    FromHeader,
    /// None, whatever the header says.
    None,
    /// This one, whatever the header says.
    Child(Child),
}
