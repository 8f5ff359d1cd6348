//! The types of `blockdev-backup` and `drive-backup`.

use qapi_core::{qapi_enum, qapi_struct};

use super::block_job::BlockdevOnError;
use super::mirror::{MirrorSyncMode, NewImageMode};

/// What all ways to begin a backup have in common.
#[qapi_struct(since = "4.2")]
#[derive(Debug, Clone)]
pub struct BackupCommon {
    /// The job's identifier. It must be given: nodes, unlike the devices of old, lend none.
    pub job_id: Option<String>,
    /// The node to copy from.
    pub device: String,
    /// What is copied.
    pub sync: MirrorSyncMode,
    /// The limit of the rate, in bytes a second; 0, which is the default, is none.
    pub speed: Option<i64>,
    /// The bitmap of what is to be copied. There are no bitmaps.
    #[qapi(since = "2.4")]
    pub bitmap: Option<String>,
    /// What becomes of the bitmap.
    #[qapi(since = "4.2")]
    pub bitmap_mode: Option<BitmapSyncMode>,
    /// Whether the copy is compressed; not unless said so. Compressed data replace nothing that the
    /// target has already.
    #[qapi(since = "2.8")]
    pub compress: Option<bool>,
    /// What to do when the node cannot be read; `report` unless said otherwise.
    pub on_source_error: Option<BlockdevOnError>,
    /// What to do when the target cannot be written; `report` unless said otherwise.
    pub on_target_error: Option<BlockdevOnError>,
    /// Whether the job finalizes itself; it does unless said otherwise.
    #[qapi(since = "2.12")]
    pub auto_finalize: Option<bool>,
    /// Whether the job dismisses itself; it does unless said otherwise.
    #[qapi(since = "2.12")]
    pub auto_dismiss: Option<bool>,
    /// The name of the node that stands above the source meanwhile and watches over writes; made
    /// up unless given.
    #[qapi(since = "4.2")]
    pub filter_node_name: Option<String>,
    /// Whether what is copied is discarded from the source. Only `false`, which is the default, is
    /// supported.
    #[qapi(since = "9.1")]
    pub discard_source: Option<bool>,
    /// How the work is done.
    #[qapi(since = "6.0", features(unstable))]
    pub x_perf: Option<BackupPerf>,
}

/// A backup to be begun.
#[qapi_struct(since = "2.3")]
#[derive(Debug, Clone)]
pub struct BlockdevBackup {
    /// What all ways to begin a backup have in common.
    #[qapi(base)]
    pub common: BackupCommon,
    /// The node to copy to, of the same size.
    pub target: String,
}

/// How the work of a backup is done.
#[qapi_struct(since = "6.0")]
#[derive(Debug, Clone, Copy)]
pub struct BackupPerf {
    /// Whether the host is asked to copy by itself. Accepted and without effect.
    pub use_copy_range: Option<bool>,
    /// How many requests are in flight at most; the job may use fewer.
    pub max_workers: Option<i64>,
    /// How many bytes a request has at most; 0, which is the default, leaves it to the job, which
    /// may use fewer.
    pub max_chunk: Option<i64>,
    /// How many bytes are copied at least at a time: a power of two up to 1 GiB. The job may use
    /// more.
    #[qapi(since = "9.2")]
    pub min_cluster_size: Option<u64>,
}
/// What becomes of a bitmap when the job is over.
#[qapi_enum(since = "4.2")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitmapSyncMode {
    /// What was copied is cleared if the job succeeded.
    OnSuccess,
    /// Nothing.
    Never,
    /// What was copied is cleared.
    Always,
}

/// A backup to a file, to be begun.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone)]
pub struct DriveBackup {
    /// What all ways to begin a backup have in common.
    #[qapi(base)]
    pub common: BackupCommon,
    /// The name of the file to copy to.
    pub target: String,
    /// The format of the target. Unless given, that of a new image is the source's driver, and
    /// that of an existing one is guessed from its contents.
    pub format: Option<String>,
    /// Whether the target is made; it is unless said otherwise.
    pub mode: Option<NewImageMode>,
}
