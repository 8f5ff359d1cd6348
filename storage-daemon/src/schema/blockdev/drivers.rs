//! What each driver wants to know of a node to be opened: the branches of `BlockdevOptions`.

use qapi_core::{qapi_alternate, qapi_enum, qapi_struct};

use super::options::{BlockdevRef, BlockdevRefOrNull};

/// A file of the host.
#[qapi_struct(since = "2.9", features("dynamic-auto-read-only"))]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsFile {
    /// The path.
    pub filename: String,
    /// A manager of persistent reservations. There is none.
    pub pr_manager: Option<String>,
    /// Whether to take the locks by which programs keep off each other's images; taken where the
    /// file system has them unless said otherwise.
    pub locking: Option<OnOffAuto>,
    /// How requests are carried out: a hint, since threads always do. As in QEMU, `native` demands
    /// that the page cache be gone round.
    pub aio: Option<BlockdevAioOptions>,
    /// How many requests are handed over at a time. Accepted and without effect: requests are
    /// carried out by threads.
    #[qapi(since = "6.2")]
    pub aio_max_batch: Option<i64>,
    /// Whether the page cache is dropped when the image moves to another host. Accepted and
    /// without effect: images do not move.
    #[qapi(since = "3.0")]
    pub drop_cache: Option<bool>,
    /// Whether to verify that the page cache was dropped. Accepted and without effect.
    #[qapi(features(unstable), since = "3.0")]
    pub x_check_cache_dropped: Option<bool>,
}

/// Whether something is done, with the choice left to the program.
#[qapi_enum(since = "2.2")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOffAuto {
    /// Where it is possible.
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
    /// By threads that block.
    Threads,
    /// By the kernel, in its older way.
    Native,
    /// By the kernel, in its newer way.
    #[qapi(name = "io_uring", name_exception, since = "5.0")]
    IoUring,
}

/// A node that reads zeroes and forgets what is written.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy)]
pub struct BlockdevOptionsNull {
    /// The size in bytes; 1 GiB unless said otherwise.
    pub size: Option<i64>,
    /// How long a request takes, in nanoseconds. Only 0, which is the default, is supported.
    pub latency_ns: Option<u64>,
    /// Whether reads give zeroes rather than whatever was in the buffer. They always do.
    pub read_zeroes: Option<bool>,
}

/// A node that interprets another one.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsGenericFormat {
    /// The node with the image.
    pub file: BlockdevRef,
}

/// A node that interprets another one, and shows a third where that has nothing of its own.
#[qapi_struct(name = "BlockdevOptionsGenericCOWFormat", since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsGenericCowFormat {
    /// What it has in common with formats that stand alone.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericFormat,
    /// The node that shows through; the file that the image names, unless said otherwise.
    pub backing: Option<BlockdevRefOrNull>,
}

/// The bytes of another node, or a part of them.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsRaw {
    /// What it has in common with other formats.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericFormat,
    /// Where the part begins, in bytes. Only 0, which is the default, is supported.
    pub offset: Option<i64>,
    /// How long the part is, in bytes. Not supported: the part goes to the end.
    pub size: Option<i64>,
}

/// A qcow2 image.
///
/// What tunes QEMU's caches, and how freed space is passed on, is accepted and without effect.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsQcow2 {
    /// What it has in common with other formats.
    #[qapi(base)]
    pub format: BlockdevOptionsGenericCowFormat,
    /// Whether reference counts may be updated lazily. Without effect: they never are.
    pub lazy_refcounts: Option<bool>,
    /// Whether requests to discard are passed on. Without effect.
    pub pass_discard_request: Option<bool>,
    /// Whether space that a deleted snapshot freed is discarded. Without effect.
    pub pass_discard_snapshot: Option<bool>,
    /// Whether space that was freed otherwise is discarded. Without effect.
    pub pass_discard_other: Option<bool>,
    /// Whether discarded clusters stay allocated. Without effect.
    #[qapi(since = "8.1")]
    pub discard_no_unref: Option<bool>,
    /// Which metadata is checked before writes. Without effect.
    #[qapi(since = "2.9")]
    pub overlap_check: Option<Qcow2OverlapChecks>,
    /// The size of all caches together, in bytes. Without effect.
    pub cache_size: Option<i64>,
    /// The size of the cache for level 2 tables, in bytes. Without effect.
    pub l2_cache_size: Option<i64>,
    /// The size of an entry of that cache, in bytes. Without effect.
    #[qapi(since = "2.12")]
    pub l2_cache_entry_size: Option<i64>,
    /// The size of the cache for reference counts, in bytes. Without effect.
    pub refcount_cache_size: Option<i64>,
    /// After how many seconds unused entries leave the caches. Without effect.
    pub cache_clean_interval: Option<i64>,
    /// The node with the data of an image that has them apart from its tables; the file that the
    /// image names, unless said otherwise.
    #[qapi(since = "4.0")]
    pub data_file: Option<BlockdevRef>,
}

/// Which metadata of a qcow2 image is checked before writes: a choice, or each for itself.
#[qapi_alternate(since = "2.9")]
#[derive(Debug, Clone)]
pub enum Qcow2OverlapChecks {
    /// Each for itself.
    Flags(Box<Qcow2OverlapCheckFlags>),
    /// A choice.
    Mode(Qcow2OverlapCheckMode),
}

/// A choice of metadata to be checked.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qcow2OverlapCheckMode {
    /// None.
    None,
    /// What can be checked in constant time.
    Constant,
    /// What can be checked without reading from the disk.
    Cached,
    /// Everything.
    All,
}

/// Which metadata is checked.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct Qcow2OverlapCheckFlags {
    /// What the others are where they are not given.
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
