//! The types of `transaction`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::backup::{BlockdevBackup, DriveBackup};
use super::dirty_bitmap::{BlockDirtyBitmap, BlockDirtyBitmapAdd, BlockDirtyBitmapMerge};
use super::snapshot::{BlockdevSnapshot, BlockdevSnapshotInternal, BlockdevSnapshotSync};

/// The arguments of the action `abort`, which always fails: clients use it for tests.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone, Copy)]
pub struct Abort {}

/// Whether the jobs of a transaction depend on each other.
#[qapi_enum(since = "2.5")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActionCompletionMode {
    /// Each job completes on its own.
    #[default]
    Individual,
    /// The jobs succeed together: if one fails or is cancelled, the others are cancelled.
    Grouped,
}

/// The kind of an action.
#[qapi_enum(since = "1.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionActionKind {
    /// Always fails.
    #[qapi(since = "1.6")]
    Abort,
    /// The same as the command `block-dirty-bitmap-add`.
    #[qapi(since = "2.5")]
    BlockDirtyBitmapAdd,
    /// The same as the command `block-dirty-bitmap-remove`.
    #[qapi(since = "4.2")]
    BlockDirtyBitmapRemove,
    /// The same as the command `block-dirty-bitmap-clear`.
    #[qapi(since = "2.5")]
    BlockDirtyBitmapClear,
    /// The same as the command `block-dirty-bitmap-enable`.
    #[qapi(since = "4.0")]
    BlockDirtyBitmapEnable,
    /// The same as the command `block-dirty-bitmap-disable`.
    #[qapi(since = "4.0")]
    BlockDirtyBitmapDisable,
    /// The same as the command `block-dirty-bitmap-merge`.
    #[qapi(since = "4.0")]
    BlockDirtyBitmapMerge,
    /// The same as the command `blockdev-backup`.
    #[qapi(since = "2.3")]
    BlockdevBackup,
    /// The same as the command `blockdev-snapshot`.
    #[qapi(since = "2.5")]
    BlockdevSnapshot,
    /// The same as the command `blockdev-snapshot-internal-sync`.
    #[qapi(since = "1.7")]
    BlockdevSnapshotInternalSync,
    /// The same as the command `blockdev-snapshot-sync`.
    BlockdevSnapshotSync,
    /// The same as the command `drive-backup`.
    #[qapi(since = "1.6", features(deprecated))]
    DriveBackup,
}

/// The wrapper of the arguments of `abort`.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone, Copy)]
pub struct AbortWrapper {
    /// The arguments.
    pub data: Abort,
}

/// The wrapper of the arguments of `block-dirty-bitmap-add`.
#[qapi_struct(since = "2.5")]
#[derive(Debug, Clone)]
pub struct BlockDirtyBitmapAddWrapper {
    /// The arguments.
    pub data: BlockDirtyBitmapAdd,
}

/// The wrapper of the arguments of the other commands for one bitmap.
#[qapi_struct(since = "2.5")]
#[derive(Debug, Clone)]
pub struct BlockDirtyBitmapWrapper {
    /// The arguments.
    pub data: BlockDirtyBitmap,
}

/// The wrapper of the arguments of `block-dirty-bitmap-merge`.
#[qapi_struct(since = "4.0")]
#[derive(Debug, Clone)]
pub struct BlockDirtyBitmapMergeWrapper {
    /// The arguments.
    pub data: BlockDirtyBitmapMerge,
}

/// The wrapper of the arguments of `blockdev-backup`.
#[qapi_struct(since = "2.3")]
#[derive(Debug, Clone)]
pub struct BlockdevBackupWrapper {
    /// The arguments.
    pub data: BlockdevBackup,
}

/// The wrapper of the arguments of `blockdev-snapshot`.
#[qapi_struct(since = "2.5")]
#[derive(Debug, Clone)]
pub struct BlockdevSnapshotWrapper {
    /// The arguments.
    pub data: BlockdevSnapshot,
}

/// The wrapper of the arguments of `blockdev-snapshot-internal-sync`.
#[qapi_struct(since = "1.7")]
#[derive(Debug, Clone)]
pub struct BlockdevSnapshotInternalWrapper {
    /// The arguments.
    pub data: BlockdevSnapshotInternal,
}

/// The wrapper of the arguments of `blockdev-snapshot-sync`.
#[qapi_struct(since = "1.1")]
#[derive(Debug, Clone)]
pub struct BlockdevSnapshotSyncWrapper {
    /// The arguments.
    pub data: BlockdevSnapshotSync,
}

/// The wrapper of the arguments of `drive-backup`.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone)]
pub struct DriveBackupWrapper {
    /// The arguments.
    pub data: DriveBackup,
}

/// An action of a transaction.
#[qapi_union(discriminator = "type", tag = TransactionActionKind, since = "1.1")]
#[derive(Debug, Clone)]
pub enum TransactionAction {
    /// Always fails.
    Abort(AbortWrapper),
    /// Adds a bitmap.
    BlockDirtyBitmapAdd(BlockDirtyBitmapAddWrapper),
    /// Removes a bitmap.
    BlockDirtyBitmapRemove(BlockDirtyBitmapWrapper),
    /// Makes a bitmap clean.
    BlockDirtyBitmapClear(BlockDirtyBitmapWrapper),
    /// Lets a bitmap record writes.
    BlockDirtyBitmapEnable(BlockDirtyBitmapWrapper),
    /// Lets a bitmap record no writes.
    BlockDirtyBitmapDisable(BlockDirtyBitmapWrapper),
    /// Adds the dirty ranges of bitmaps to another one.
    BlockDirtyBitmapMerge(BlockDirtyBitmapMergeWrapper),
    /// Starts a backup to a node.
    BlockdevBackup(Box<BlockdevBackupWrapper>),
    /// Puts a node on another one.
    BlockdevSnapshot(BlockdevSnapshotWrapper),
    /// Creates an internal snapshot.
    BlockdevSnapshotInternalSync(BlockdevSnapshotInternalWrapper),
    /// Creates an overlay, and puts it on a node.
    BlockdevSnapshotSync(Box<BlockdevSnapshotSyncWrapper>),
    /// Starts a backup to a file.
    DriveBackup(Box<DriveBackupWrapper>),
}

/// The properties of a transaction.
#[qapi_struct(since = "2.5")]
#[derive(Debug, Clone, Copy)]
pub struct TransactionProperties {
    /// Whether the jobs depend on each other; `individual` by default.
    pub completion_mode: Option<ActionCompletionMode>,
}
