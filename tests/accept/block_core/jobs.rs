//! Block jobs: unions over an open enum of another crate, and deprecated commands.

use job::{JobStatus, JobType};
use qapi_core::prelude::*;
use qapi_core::{OpenValue, Result};

use super::{BlockDeviceIoStatus, not_served};

#[qapi_enum(since = "1.3")]
pub(crate) enum BlockdevOnError {
    Report,
    Ignore,
    Enospc,
    Stop,
    Auto,
}

#[qapi_enum(since = "3.0")]
pub(crate) enum MirrorCopyMode {
    Background,
    WriteBlocking,
}

#[qapi_struct(since = "8.2")]
pub(crate) struct BlockJobInfoMirror {
    actively_synced: bool,
}

/// The members of each type of job.
#[qapi_union(tag = JobType)]
pub(crate) enum BlockJobInfoKind {
    Commit,
    Stream,
    Mirror(BlockJobInfoMirror),
    Backup,
    Create,
    Amend,
    SnapshotLoad,
    SnapshotSave,
    SnapshotDelete,
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

#[qapi_union(since = "1.1")]
pub(crate) struct BlockJobInfo {
    #[qapi(discriminator)]
    r#type: BlockJobInfoKind,
    device: String,
    len: i64,
    offset: i64,
    busy: bool,
    paused: bool,
    speed: i64,
    io_status: BlockDeviceIoStatus,
    ready: bool,
    status: JobStatus,
    auto_finalize: bool,
    auto_dismiss: bool,
    error: Option<String>,
}

#[qapi_command(allow_preconfig, since = "1.1")]
pub(crate) fn query_block_jobs() -> Result<Vec<BlockJobInfo>> {
    not_served()
}

#[qapi_struct(since = "8.2")]
pub(crate) struct BlockJobChangeOptionsMirror {
    copy_mode: MirrorCopyMode,
}

/// The options that a client can change, for each type of job.
#[qapi_union(tag = JobType)]
pub(crate) enum BlockJobChangeKind {
    Commit,
    Stream,
    Mirror(BlockJobChangeOptionsMirror),
    Backup,
    Create,
    Amend,
    SnapshotLoad,
    SnapshotSave,
    SnapshotDelete,
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

#[qapi_union(since = "8.2")]
pub(crate) struct BlockJobChangeOptions {
    id: String,
    #[qapi(discriminator)]
    r#type: BlockJobChangeKind,
}

#[qapi_command(boxed, since = "8.2")]
pub(crate) fn block_job_change(options: BlockJobChangeOptions) -> Result<()> {
    let BlockJobChangeOptions { .. } = options;
    not_served()
}

#[qapi_command(features(deprecated = "Use job-pause instead."), allow_preconfig, since = "1.3")]
pub(crate) fn block_job_pause(device: &str) -> Result<()> {
    let _ = device;
    not_served()
}

#[qapi_command(allow_preconfig, since = "1.3")]
#[expect(clippy::too_many_arguments, reason = "the command has as many")]
pub(crate) fn block_commit(
    job_id: Option<&str>,
    device: &str,
    base_node: Option<&str>,
    #[qapi(features(deprecated = "Use base-node instead."))] base: Option<&str>,
    top_node: Option<&str>,
    #[qapi(features(deprecated = "Use top-node instead."))] top: Option<&str>,
    backing_file: Option<&str>,
    #[qapi(since = "9.0")] backing_mask_protocol: Option<bool>,
    speed: Option<i64>,
    on_error: Option<BlockdevOnError>,
    filter_node_name: Option<&str>,
    auto_finalize: Option<bool>,
    auto_dismiss: Option<bool>,
) -> Result<()> {
    let _ = (job_id, device, base_node, base, top_node, top, backing_file);
    let _ = (backing_mask_protocol, speed, on_error, filter_node_name);
    let _ = (auto_finalize, auto_dismiss);
    not_served()
}

#[qapi_event(since = "1.1")]
pub(crate) struct BlockJobCompleted {
    r#type: JobType,
    device: String,
    len: i64,
    offset: i64,
    speed: i64,
    error: Option<String>,
}
