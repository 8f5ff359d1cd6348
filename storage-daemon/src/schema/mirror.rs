//! The types of `blockdev-mirror` and `drive-mirror`.

use qapi_core::{qapi_enum, qapi_struct};

use super::block_job::{BlockdevOnError, MirrorCopyMode};

/// A mirror onto a node.
#[qapi_struct(since = "2.6")]
#[derive(Debug, Clone)]
pub struct BlockdevMirror {
    /// The job's identifier. It must be given: nodes, unlike the devices of old, lend none.
    #[qapi(since = "2.7")]
    pub job_id: Option<String>,
    /// The node to copy from; no other node stands on it.
    pub device: String,
    /// The node to copy to, of the same size.
    pub target: String,
    /// The node whose users are to use the target in the end. It must be `device`.
    pub replaces: Option<String>,
    /// What is copied besides what is written from now on.
    pub sync: MirrorSyncMode,
    /// The limit of the rate, in bytes a second; 0, which is the default, is none.
    pub speed: Option<i64>,
    /// The bytes in which is noted what was written: a power of two from 512 to 64 MiB. A cluster
    /// of the target, or 64 KiB, unless given or 0.
    pub granularity: Option<u32>,
    /// How many bytes are under way at most. Checked and without effect: the job decides.
    pub buf_size: Option<i64>,
    /// What to do when the source cannot be read; `report` unless said otherwise.
    pub on_source_error: Option<BlockdevOnError>,
    /// What to do when the target cannot be written; `report` unless said otherwise.
    pub on_target_error: Option<BlockdevOnError>,
    /// The name of the node that stands for the job on top of the source.
    #[qapi(since = "2.9")]
    pub filter_node_name: Option<String>,
    /// How the copy follows writes; in the background unless said otherwise.
    #[qapi(since = "3.0")]
    pub copy_mode: Option<MirrorCopyMode>,
    /// Whether the job finalizes itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    pub auto_finalize: Option<bool>,
    /// Whether the job dismisses itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    pub auto_dismiss: Option<bool>,
}

/// A mirror onto a file.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone)]
pub struct DriveMirror {
    /// The job's identifier. It must be given: nodes, unlike the devices of old, lend none.
    #[qapi(since = "2.7")]
    pub job_id: Option<String>,
    /// The node to copy from; no other node stands on it.
    pub device: String,
    /// The name of the file to copy to.
    pub target: String,
    /// The format of the target. Unless given, that of a new image is the source's driver, and
    /// that of an existing one is guessed from its contents.
    pub format: Option<String>,
    /// The name of the target's node.
    #[qapi(since = "2.1")]
    pub node_name: Option<String>,
    /// The node whose users are to use the target in the end. It must be `device`.
    #[qapi(since = "2.1")]
    pub replaces: Option<String>,
    /// What is copied besides what is written from now on.
    pub sync: MirrorSyncMode,
    /// Whether the target is made; it is unless said otherwise.
    pub mode: Option<NewImageMode>,
    /// The limit of the rate, in bytes a second; 0, which is the default, is none.
    pub speed: Option<i64>,
    /// The bytes in which is noted what was written: a power of two from 512 to 64 MiB. A cluster
    /// of the target, or 64 KiB, unless given or 0.
    #[qapi(since = "1.4")]
    pub granularity: Option<u32>,
    /// How many bytes are under way at most. Checked and without effect: the job decides.
    #[qapi(since = "1.4")]
    pub buf_size: Option<i64>,
    /// What to do when the source cannot be read; `report` unless said otherwise.
    pub on_source_error: Option<BlockdevOnError>,
    /// What to do when the target cannot be written; `report` unless said otherwise.
    pub on_target_error: Option<BlockdevOnError>,
    /// Whether the target may give up the space of what is zero. Accepted and without effect: it
    /// does.
    #[qapi(since = "2.4")]
    pub unmap: Option<bool>,
    /// How the copy follows writes; in the background unless said otherwise.
    #[qapi(since = "3.0")]
    pub copy_mode: Option<MirrorCopyMode>,
    /// Whether the job finalizes itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    pub auto_finalize: Option<bool>,
    /// Whether the job dismisses itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    pub auto_dismiss: Option<bool>,
}

/// What is copied.
#[qapi_enum(since = "1.3")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorSyncMode {
    /// What the topmost image holds.
    Top,
    /// Everything.
    Full,
    /// What is written from now on.
    None,
    /// What a bitmap says, as an increment to an earlier copy.
    #[qapi(since = "2.4")]
    Incremental,
    /// What a bitmap says.
    #[qapi(since = "4.2")]
    Bitmap,
}

/// Whether an image is made.
#[qapi_enum(since = "1.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewImageMode {
    /// It is there, and is taken as it is.
    Existing,
    /// It is made, in place of what is there, and names its backing file by an absolute path.
    AbsolutePaths,
}
