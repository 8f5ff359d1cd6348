//! `blockdev-mirror` and `drive-mirror`: a node made the same as another one, by a job.

use qapi_core::{Result, qapi_command, qapi_struct};

use super::backup::{BlockdevOnError, MirrorSyncMode, NewImageMode};
use super::block_job::MirrorCopyMode;
use crate::block_job::BlockJobs;
use crate::jobs;
use crate::jobs::transaction::begin;

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

/// Begins to make a node the same as another, and to keep it so.
///
/// When the job is ready, completing it has the users of the source use the target.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use, the job cannot be made, or an option
/// makes no sense.
#[qapi_command(since = "2.6", boxed, allow_preconfig)]
pub async fn blockdev_mirror(
    #[qapi(state)] block_jobs: &BlockJobs,
    options: BlockdevMirror,
) -> Result<()> {
    let daemon = block_jobs.clone();
    begin(move |_alone| {
        jobs::mirror::blockdev_mirror(&daemon, options).map(|prepared| vec![prepared])
    })
    .await
}

/// Begins to copy a node to a file, which is made before unless it is to exist, and to keep it the
/// same.
///
/// # Errors
/// As for `blockdev-mirror`; the file cannot be made or opened. A file that was not there before
/// is removed then.
#[qapi_command(since = "1.3", boxed, allow_preconfig)]
pub async fn drive_mirror(
    #[qapi(state)] block_jobs: &BlockJobs,
    options: DriveMirror,
) -> Result<()> {
    let daemon = block_jobs.clone();
    begin(move |_alone| {
        jobs::mirror::drive_mirror(&daemon, options).map(|prepared| vec![prepared])
    })
    .await
}
