//! `transaction`: several actions that take effect together or not at all.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::backup::{BlockdevBackup, DriveBackup};

/// An action that does nothing but fail, so that the others can be tried.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone, Copy)]
pub struct Abort {}

/// Whether the jobs of a transaction succeed together.
#[qapi_enum(since = "2.5")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActionCompletionMode {
    /// Each for itself.
    #[default]
    Individual,
    /// Together: if one fails or is cancelled, the others are cancelled.
    Grouped,
}

/// The kinds of actions.
#[qapi_enum(since = "1.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionActionKind {
    /// Fails.
    #[qapi(since = "1.6")]
    Abort,
    /// As the command `blockdev-backup`.
    #[qapi(since = "2.3")]
    BlockdevBackup,
    /// As the command `drive-backup`.
    #[qapi(since = "1.6", features(deprecated))]
    DriveBackup,
}

/// What [`TransactionActionKind::Abort`] takes.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone, Copy)]
pub struct AbortWrapper {
    /// Nothing.
    pub data: Abort,
}

/// What [`TransactionActionKind::BlockdevBackup`] takes.
#[qapi_struct(since = "2.3")]
#[derive(Debug, Clone)]
pub struct BlockdevBackupWrapper {
    /// The backup.
    pub data: BlockdevBackup,
}

/// What [`TransactionActionKind::DriveBackup`] takes.
#[qapi_struct(since = "1.6")]
#[derive(Debug, Clone)]
pub struct DriveBackupWrapper {
    /// The backup.
    pub data: DriveBackup,
}

/// One of the actions of a transaction.
#[qapi_union(discriminator = "type", tag = TransactionActionKind, since = "1.1")]
#[derive(Debug, Clone)]
pub enum TransactionAction {
    /// Fails.
    Abort(AbortWrapper),
    /// Begins to copy to a node.
    BlockdevBackup(Box<BlockdevBackupWrapper>),
    /// Begins to copy to a file.
    DriveBackup(Box<DriveBackupWrapper>),
}

/// What holds for all actions of a transaction.
#[qapi_struct(since = "2.5")]
#[derive(Debug, Clone, Copy)]
pub struct TransactionProperties {
    /// Whether the jobs that are begun succeed together; each for itself unless said otherwise.
    pub completion_mode: Option<ActionCompletionMode>,
}
