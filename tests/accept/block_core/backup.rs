//! Backups: a struct with a base, boxed arguments, and an unstable member.

use qapi_core::prelude::*;
use qapi_core::{Result, Size};

use super::jobs::BlockdevOnError;
use super::not_served;

#[qapi_enum(since = "1.3")]
pub(crate) enum MirrorSyncMode {
    Top,
    Full,
    None,
    Incremental,
    Bitmap,
}

#[qapi_enum(since = "4.2")]
pub(crate) enum BitmapSyncMode {
    OnSuccess,
    Never,
    Always,
}

#[qapi_enum(since = "7.1")]
pub(crate) enum OnCbwError {
    BreakGuestWrite,
    BreakSnapshot,
}

#[qapi_enum(since = "1.1")]
pub(crate) enum NewImageMode {
    Existing,
    AbsolutePaths,
}

#[qapi_struct(since = "6.0")]
pub(crate) struct BackupPerf {
    use_copy_range: Option<bool>,
    max_workers: Option<i64>,
    max_chunk: Option<i64>,
    #[qapi(since = "9.2")]
    min_cluster_size: Option<Size>,
}

#[qapi_struct(since = "4.2")]
pub(crate) struct BackupCommon {
    job_id: Option<String>,
    device: String,
    sync: MirrorSyncMode,
    speed: Option<i64>,
    bitmap: Option<String>,
    bitmap_mode: Option<BitmapSyncMode>,
    compress: Option<bool>,
    on_source_error: Option<BlockdevOnError>,
    on_target_error: Option<BlockdevOnError>,
    on_cbw_error: Option<OnCbwError>,
    auto_finalize: Option<bool>,
    auto_dismiss: Option<bool>,
    filter_node_name: Option<String>,
    discard_source: Option<bool>,
    #[qapi(features(unstable))]
    x_perf: Option<BackupPerf>,
}

#[qapi_struct(since = "1.6")]
pub(crate) struct DriveBackup {
    #[qapi(base)]
    common: BackupCommon,
    target: String,
    format: Option<String>,
    mode: Option<NewImageMode>,
}

#[qapi_command(
    boxed,
    features(deprecated = "Use blockdev-backup instead."),
    allow_preconfig,
    since = "1.6"
)]
pub(crate) fn drive_backup(backup: &DriveBackup) -> Result<()> {
    let DriveBackup { .. } = backup;
    not_served()
}
