//! Unions whose discriminator stands between other members.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::actions::BlockDirtyBitmapOrStr;
use super::commands::MirrorCopyMode;

#[qapi_enum]
pub(super) enum ObjectType {
    Iothread,
    ThrottleGroup,
}

#[qapi_union]
pub(super) struct ObjectOptions {
    #[qapi(discriminator)]
    qom_type: ObjectProperties,
    id: String,
}

#[qapi_union(tag = ObjectType)]
pub(super) enum ObjectProperties {
    Iothread(IothreadProperties),
    ThrottleGroup(ThrottleGroupProperties),
}

#[qapi_struct]
pub(super) struct IothreadProperties {
    aio_max_batch: Option<i64>,
    poll_max_ns: Option<i64>,
}

#[qapi_struct]
pub(super) struct ThrottleGroupProperties {
    limits: Option<ThrottleLimits>,
}

#[qapi_struct]
pub(super) struct ThrottleLimits {
    iops_total: Option<i64>,
    bps_total: Option<i64>,
}

#[qapi_enum]
pub(super) enum BlockExportType {
    Nbd,
    Fuse,
}

#[qapi_union]
pub(super) struct BlockExportOptions {
    #[qapi(name = "type", discriminator)]
    kind: BlockExportBranches,
    id: String,
    node_name: String,
    writable: Option<bool>,
}

#[qapi_union(tag = BlockExportType)]
pub(super) enum BlockExportBranches {
    Nbd(BlockExportOptionsNbd),
    Fuse,
}

#[qapi_struct]
pub(super) struct BlockExportOptionsNbd {
    name: Option<String>,
    bitmaps: Option<Vec<BlockDirtyBitmapOrStr>>,
}

#[qapi_enum]
pub(super) enum ChardevBackendKind {
    File,
    Null,
}

#[qapi_union(discriminator = "type", tag = ChardevBackendKind)]
pub(super) enum ChardevBackend {
    File(ChardevFileWrapper),
    Null(ChardevCommonWrapper),
}

#[qapi_struct]
pub(super) struct ChardevFileWrapper {
    data: ChardevFile,
}

#[qapi_struct]
pub(super) struct ChardevCommonWrapper {
    data: ChardevCommon,
}

#[qapi_struct]
pub(super) struct ChardevCommon {
    logfile: Option<String>,
    logappend: Option<bool>,
}

#[qapi_struct]
pub(super) struct ChardevFile {
    #[qapi(base)]
    common: ChardevCommon,
    out: String,
}

#[qapi_enum]
pub(super) enum ChangeableJobType {
    Backup,
    Mirror,
}

#[qapi_union]
pub(super) struct BlockJobChangeOptions {
    id: String,
    #[qapi(name = "type", discriminator)]
    kind: BlockJobChange,
}

#[qapi_union(tag = ChangeableJobType)]
pub(super) enum BlockJobChange {
    Backup,
    Mirror(BlockJobChangeOptionsMirror),
}

#[qapi_struct]
pub(super) struct BlockJobChangeOptionsMirror {
    copy_mode: MirrorCopyMode,
}
