//! `TransactionAction` and its branches: a list of unions whose branches wrap structs.

use qapi_core::{qapi_alternate, qapi_enum, qapi_struct, qapi_union};

use super::commands::{BlockdevOnError, MirrorSyncMode};

#[qapi_enum]
pub(super) enum TransactionActionKind {
    Abort,
    BlockDirtyBitmapAdd,
    BlockDirtyBitmapMerge,
    BlockdevBackup,
}

#[qapi_union(discriminator = "type", tag = TransactionActionKind)]
pub(super) enum TransactionAction {
    Abort(AbortWrapper),
    BlockDirtyBitmapAdd(BlockDirtyBitmapAddWrapper),
    BlockDirtyBitmapMerge(BlockDirtyBitmapMergeWrapper),
    BlockdevBackup(BlockdevBackupWrapper),
}

#[qapi_struct]
pub(super) struct Abort {}

#[qapi_struct]
pub(super) struct AbortWrapper {
    data: Abort,
}

#[qapi_struct]
pub(super) struct BlockDirtyBitmapAddWrapper {
    data: BlockDirtyBitmapAdd,
}

#[qapi_struct]
pub(super) struct BlockDirtyBitmapMergeWrapper {
    data: BlockDirtyBitmapMerge,
}

#[qapi_struct]
pub(super) struct BlockdevBackupWrapper {
    data: BlockdevBackup,
}

#[qapi_struct]
pub(super) struct BlockDirtyBitmapAdd {
    node: String,
    name: String,
    granularity: Option<u32>,
    persistent: Option<bool>,
    disabled: Option<bool>,
}

#[qapi_struct]
pub(super) struct BlockDirtyBitmapMerge {
    node: String,
    target: String,
    bitmaps: Vec<BlockDirtyBitmapOrStr>,
}

#[qapi_struct]
pub(super) struct BlockDirtyBitmap {
    node: String,
    name: String,
}

#[qapi_alternate]
pub(super) enum BlockDirtyBitmapOrStr {
    Local(String),
    External(BlockDirtyBitmap),
}

#[qapi_struct]
pub(super) struct BackupCommon {
    job_id: Option<String>,
    device: String,
    sync: MirrorSyncMode,
    speed: Option<i64>,
    compress: Option<bool>,
    on_source_error: Option<BlockdevOnError>,
    auto_finalize: Option<bool>,
    x_perf: Option<BackupPerf>,
}

#[qapi_struct]
pub(super) struct BlockdevBackup {
    #[qapi(base)]
    common: BackupCommon,
    target: String,
}

#[qapi_struct]
pub(super) struct BackupPerf {
    use_copy_range: Option<bool>,
    max_workers: Option<i64>,
    max_chunk: Option<i64>,
    min_cluster_size: Option<u64>,
}

#[qapi_struct]
pub(super) struct TransactionProperties {
    completion_mode: Option<ActionCompletionMode>,
}

#[qapi_enum]
pub(super) enum ActionCompletionMode {
    Individual,
    Grouped,
}
