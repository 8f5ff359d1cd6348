//! The types of `transaction`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::backup::{BlockdevBackup, DriveBackup};
use super::snapshot::{BlockdevSnapshot, BlockdevSnapshotSync};

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
    /// The same as the command `blockdev-backup`.
    #[qapi(since = "2.3")]
    BlockdevBackup,
    /// The same as the command `blockdev-snapshot`.
    #[qapi(since = "2.5")]
    BlockdevSnapshot,
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
    /// Starts a backup to a node.
    BlockdevBackup(Box<BlockdevBackupWrapper>),
    /// Puts a node on another one.
    BlockdevSnapshot(BlockdevSnapshotWrapper),
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
