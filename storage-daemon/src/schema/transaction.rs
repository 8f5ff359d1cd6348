//! The types of `transaction`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::backup::{BlockdevBackup, DriveBackup};

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
    /// Fails always.
    #[qapi(since = "1.6")]
    Abort,
    /// Does what the command `blockdev-backup` does.
    #[qapi(since = "2.3")]
    BlockdevBackup,
    /// Does what the command `drive-backup` does.
    #[qapi(since = "1.6", features(deprecated))]
    DriveBackup,
}

/// An action `abort`.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone, Copy)]
pub struct AbortWrapper {
    /// The arguments.
    pub data: Abort,
}

/// An action `blockdev-backup`.
#[qapi_struct(since = "2.3")]
#[derive(Debug, Clone)]
pub struct BlockdevBackupWrapper {
    /// The arguments.
    pub data: BlockdevBackup,
}

/// An action `drive-backup`.
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
    /// Fails always.
    Abort(AbortWrapper),
    /// Starts a backup to a node.
    BlockdevBackup(Box<BlockdevBackupWrapper>),
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
