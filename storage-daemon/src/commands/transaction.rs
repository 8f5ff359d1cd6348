//! `transaction`: several actions that take effect together or not at all.

use job::Transaction;
use qapi_core::{Result, qapi_command};

use crate::block_job::BlockJobContext;
use crate::jobs::backup;
use crate::jobs::prepare::{PreparedAction, TransactionContext, prepare_and_start};
use crate::messages;
use crate::schema::transaction::{
    ActionCompletionMode, TransactionAction, TransactionActionKind, TransactionProperties,
};
use crate::snapshots::external;

/// Carries out several actions at one point in time, or none of them.
///
/// The jobs are created in the order of the actions, and started when all are created.
///
/// # Errors
/// An action fails; the actions before this action are undone. Or an action does not support the
/// completion mode.
#[qapi_command(since = "1.1", allow_preconfig)]
pub async fn transaction(
    #[qapi(state)] context: &BlockJobContext,
    /// The actions.
    actions: Vec<TransactionAction>,
    /// The properties of the transaction.
    #[qapi(since = "2.5")]
    properties: Option<TransactionProperties>,
) -> Result<()> {
    let mode = properties.and_then(|properties| properties.completion_mode).unwrap_or_default();
    let context = context.clone();
    prepare_and_start(move |transaction| prepare_all(&context, actions, mode, transaction)).await
}

/// Prepares all actions. If one fails, undoes those that are prepared. Blocks.
fn prepare_all(
    context: &BlockJobContext,
    actions: Vec<TransactionAction>,
    mode: ActionCompletionMode,
    transaction: &mut TransactionContext,
) -> Result<Vec<PreparedAction>> {
    match mode {
        ActionCompletionMode::Individual => {}
        ActionCompletionMode::Grouped => {
            actions.iter().try_for_each(check_grouped)?;
            transaction.transaction = Some(Transaction::new());
        }
    }
    let mut prepared = Vec::with_capacity(actions.len());
    let result = actions.into_iter().try_for_each(|action| {
        prepared.push(prepare(context, action, transaction)?);
        Ok(())
    });
    if let Err(error) = result {
        prepared.into_iter().rev().for_each(|action: PreparedAction| action.undo(transaction));
        return Err(error);
    }
    Ok(prepared)
}

/// Refuses actions that create no job: only jobs can complete as a group.
fn check_grouped(action: &TransactionAction) -> Result<()> {
    match action {
        TransactionAction::BlockdevBackup(_) | TransactionAction::DriveBackup(_) => Ok(()),
        TransactionAction::Abort(_) => cannot_be_grouped(TransactionActionKind::Abort),
        TransactionAction::BlockdevSnapshot(_) => {
            cannot_be_grouped(TransactionActionKind::BlockdevSnapshot)
        }
        TransactionAction::BlockdevSnapshotSync(_) => {
            cannot_be_grouped(TransactionActionKind::BlockdevSnapshotSync)
        }
    }
}

fn cannot_be_grouped(action: TransactionActionKind) -> Result<()> {
    Err(messages::action_cannot_be_grouped(action.as_str()))
}

fn prepare(
    context: &BlockJobContext,
    action: TransactionAction,
    transaction: &mut TransactionContext,
) -> Result<PreparedAction> {
    match action {
        TransactionAction::Abort(_) => Err(messages::transaction_aborted()),
        TransactionAction::BlockdevBackup(action) => {
            Ok(backup::blockdev_backup(context, action.data, transaction)?.into())
        }
        TransactionAction::BlockdevSnapshot(action) => {
            external::blockdev_snapshot(&context.graph, &action.data, transaction)
        }
        TransactionAction::BlockdevSnapshotSync(action) => {
            external::blockdev_snapshot_sync(&context.graph, action.data, transaction)
        }
        TransactionAction::DriveBackup(action) => {
            Ok(backup::drive_backup(context, action.data, transaction)?.into())
        }
    }
}
