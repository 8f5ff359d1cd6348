//! The branches of `BlockdevOptions` for the drivers `file`, `host_device`, `host_cdrom`,
//! `null-co`, `raw` and `qcow2`.

use qapi_core::{qapi_alternate, qapi_enum, qapi_struct};

use super::{BlockdevRef, BlockdevRefOrNull, unsigned};
use crate::error::{Error, Result};

/// A file or device of the host.
#[qapi_struct(since = "2.9", features("dynamic-auto-read-only"))]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsFile {
    /// The path.
    pub filename: String,
    /// The identifier of a manager of persistent reservations. This library has none.
    pub pr_manager: Option<String>,
    /// Whether to take QEMU's image locks; `auto` by default.
    pub locking: Option<OnOffAuto>,
    /// How requests are carried out. A hint only, as threads carry out all requests. As in QEMU,
    /// `native` requires `cache.direct`.
    pub aio: Option<BlockdevAioOptions>,
    /// The number of requests that are submitted at a time. Without effect.
    #[qapi(since = "6.2")]
    pub aio_max_batch: Option<i64>,
    /// Whether the page cache is dropped when a guest migrates to another host. Without effect.
    #[qapi(since = "3.0")]
    pub drop_cache: Option<bool>,
    /// Whether to verify that the page cache was dropped. Without effect.
    #[qapi(features(unstable), since = "3.0")]
    pub x_check_cache_dropped: Option<bool>,
}

impl BlockdevOptionsFile {
    /// The file at this path with defaults for all other options.
    pub fn new(filename: impl Into<String>) -> Self {
        BlockdevOptionsFile {
            filename: filename.into(),
            pr_manager: None,
            locking: None,
            aio: None,
            aio_max_batch: None,
            drop_cache: None,
            x_check_cache_dropped: None,
        }
    }

    /// Whether the options require that the page cache of the host is bypassed.
    pub(crate) fn needs_direct(&self) -> bool {
        self.aio == Some(BlockdevAioOptions::Native)
    }
}

/// A switch for a feature. `auto` leaves the choice to the program.
#[qapi_enum(since = "2.2")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnOffAuto {
    /// If it is possible.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How requests to a file are carried out.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevAioOptions {
    /// By threads that make blocking calls.
    Threads,
    /// By the kernel's native asynchronous I/O.
    Native,
    /// By the kernel's `io_uring`.
    #[qapi(name = "io_uring", name_exception, since = "5.0")]
    IoUring,
}

/// A node without storage: reads give zeroes, and writes are discarded.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockdevOptionsNull {
    /// The size in bytes; 1 GiB by default.
    pub size: Option<i64>,
    /// How long a request takes, in nanoseconds. Only 0, which is the default, is supported.
    pub latency_ns: Option<u64>,
    /// Whether reads give zeroes rather than leave the buffer unchanged. They always give zeroes.
    pub read_zeroes: Option<bool>,
}

impl BlockdevOptionsNull {
    /// The member `size`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is negative.
    pub(crate) fn size_bytes(&self) -> Result<Option<u64>> {
        let size = self.size.map(u64::try_from).transpose();
        size.map_err(|_negative| Error::InvalidOption("size is invalid".to_owned()))
    }
}

/// A node that interprets another one.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsGenericFormat {
    /// The node with the image.
    pub file: BlockdevRef,
}

/// A node that interprets another one, with a backing file for unallocated ranges.
#[qapi_struct(name = "BlockdevOptionsGenericCOWFormat", since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsGenericCowFormat {
    /// The options of all formats.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericFormat,
    /// The backing file; by default the file that the image names.
    pub backing: Option<BlockdevRefOrNull>,
}

/// The bytes of another node, or a range of them.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsRaw {
    /// The options of all formats.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericFormat,
    /// The beginning of the range in bytes; 0 by default.
    pub offset: Option<i64>,
    /// The length of the range in bytes; by default, the range extends to the end of the node.
    pub size: Option<i64>,
}

impl BlockdevOptionsRaw {
    /// All bytes of a node.
    pub fn new(file: BlockdevRef) -> Self {
        let format = BlockdevOptionsGenericFormat { file };
        BlockdevOptionsRaw { format, offset: None, size: None }
    }

    /// The member `offset`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is negative.
    pub(crate) fn offset_bytes(&self) -> Result<Option<u64>> {
        unsigned(self.offset, "offset")
    }

    /// The member `size`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is negative.
    pub(crate) fn size_bytes(&self) -> Result<Option<u64>> {
        unsigned(self.size, "size")
    }
}

/// A qcow2 image.
///
/// Some options that tune QEMU's handling of tables are checked as in QEMU, and have no further
/// effect.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsQcow2 {
    /// The options of all formats with backing files.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericCowFormat,
    /// Whether reference counts may be updated lazily. Without effect.
    pub lazy_refcounts: Option<bool>,
    /// Whether clusters that a request discards are discarded in the file too. The default is true
    /// if the option `discard` is `unmap`.
    pub pass_discard_request: Option<bool>,
    /// Whether clusters are discarded in the file too that the deletion of a snapshot frees, or the
    /// return to one; `true` by default.
    pub pass_discard_snapshot: Option<bool>,
    /// Whether clusters that were freed otherwise are discarded in the file too; not by default.
    pub pass_discard_other: Option<bool>,
    /// Whether discarded clusters stay allocated in the image; not by default.
    #[qapi(since = "8.1")]
    pub discard_no_unref: Option<bool>,
    /// Which metadata is checked before writes; the mode `cached` by default.
    #[qapi(since = "2.9")]
    pub overlap_check: Option<Qcow2OverlapChecks>,
    /// The size of all caches together, in bytes.
    pub cache_size: Option<i64>,
    /// The size of the cache for level 2 tables, in bytes.
    pub l2_cache_size: Option<i64>,
    /// The size of an entry of the cache for level 2 tables, in bytes.
    #[qapi(since = "2.12")]
    pub l2_cache_entry_size: Option<i64>,
    /// The size of the cache for reference counts, in bytes.
    pub refcount_cache_size: Option<i64>,
    /// The age in seconds after which unused entries are removed from the caches. Without effect.
    pub cache_clean_interval: Option<i64>,
    /// The external data file of an image that has one; by default the file that the image names.
    #[qapi(since = "4.0")]
    pub data_file: Option<BlockdevRef>,
}

impl BlockdevOptionsQcow2 {
    /// The image in a node, with the backing file that the image names.
    pub fn new(file: impl Into<BlockdevRef>) -> Self {
        let format = BlockdevOptionsGenericFormat { file: file.into() };
        BlockdevOptionsQcow2 {
            format: BlockdevOptionsGenericCowFormat { format, backing: None },
            lazy_refcounts: None,
            pass_discard_request: None,
            pass_discard_snapshot: None,
            pass_discard_other: None,
            discard_no_unref: None,
            overlap_check: None,
            cache_size: None,
            l2_cache_size: None,
            l2_cache_entry_size: None,
            refcount_cache_size: None,
            cache_clean_interval: None,
            data_file: None,
        }
    }

    /// The same image with another backing file than the one that it names, or with none.
    #[must_use]
    pub fn backing(mut self, backing: impl Into<BlockdevRefOrNull>) -> Self {
        self.format.backing = Some(backing.into());
        self
    }
}

/// Which metadata of a qcow2 image is checked before writes: a mode, or one flag for each kind.
#[qapi_alternate(since = "2.9")]
#[derive(Debug, Clone)]
pub enum Qcow2OverlapChecks {
    /// One flag for each kind of metadata.
    Flags(Box<Qcow2OverlapCheckFlags>),
    /// A mode.
    Mode(Qcow2OverlapCheckMode),
}

/// The modes of the check.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qcow2OverlapCheckMode {
    /// No metadata.
    None,
    /// Metadata that can be checked in constant time.
    Constant,
    /// Metadata that can be checked without reading from the disk.
    Cached,
    /// All metadata.
    All,
}

/// Which metadata is checked.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct Qcow2OverlapCheckFlags {
    /// The mode that sets the absent flags.
    pub template: Option<Qcow2OverlapCheckMode>,
    /// The header.
    pub main_header: Option<bool>,
    /// The level 1 table in use.
    pub active_l1: Option<bool>,
    /// The level 2 tables in use.
    pub active_l2: Option<bool>,
    /// The table of reference counts.
    pub refcount_table: Option<bool>,
    /// The blocks of reference counts.
    pub refcount_block: Option<bool>,
    /// The table of snapshots.
    pub snapshot_table: Option<bool>,
    /// The level 1 tables of snapshots.
    pub inactive_l1: Option<bool>,
    /// The level 2 tables of snapshots.
    pub inactive_l2: Option<bool>,
    /// The directory of bitmaps.
    #[qapi(since = "3.0")]
    pub bitmap_directory: Option<bool>,
}
