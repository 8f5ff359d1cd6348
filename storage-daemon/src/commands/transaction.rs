//! `transaction`: several actions that take effect together or not at all.

use job::Transaction;
use qapi_core::{Result, qapi_command};

use crate::block_job::BlockJobContext;
use crate::dirty_bitmaps;
use crate::jobs::backup;
use crate::jobs::prepare::{PreparedAction, TransactionContext, prepare_and_start};
use crate::messages;
use crate::schema::transaction::{
    ActionCompletionMode, TransactionAction, TransactionActionKind, TransactionProperties,
};
use crate::snapshots::{external, internal};

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
    let names = actions.iter().filter_map(quiesced_node);
    let nodes = names.filter_map(|name| context.graph.get(name));
    transaction.quiesce_all(nodes.collect());
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
    let kind = match action {
        TransactionAction::BlockdevBackup(_) | TransactionAction::DriveBackup(_) => return Ok(()),
        TransactionAction::Abort(_) => TransactionActionKind::Abort,
        TransactionAction::BlockDirtyBitmapAdd(_) => TransactionActionKind::BlockDirtyBitmapAdd,
        TransactionAction::BlockDirtyBitmapRemove(_) => {
            TransactionActionKind::BlockDirtyBitmapRemove
        }
        TransactionAction::BlockDirtyBitmapClear(_) => {
            TransactionActionKind::BlockDirtyBitmapClear
        }
        TransactionAction::BlockDirtyBitmapEnable(_) => {
            TransactionActionKind::BlockDirtyBitmapEnable
        }
        TransactionAction::BlockDirtyBitmapDisable(_) => {
            TransactionActionKind::BlockDirtyBitmapDisable
        }
        TransactionAction::BlockDirtyBitmapMerge(_) => {
            TransactionActionKind::BlockDirtyBitmapMerge
        }
        TransactionAction::BlockdevSnapshot(_) => TransactionActionKind::BlockdevSnapshot,
        TransactionAction::BlockdevSnapshotInternalSync(_) => {
            TransactionActionKind::BlockdevSnapshotInternalSync
        }
        TransactionAction::BlockdevSnapshotSync(_) => TransactionActionKind::BlockdevSnapshotSync,
    };
    Err(messages::action_cannot_be_grouped(kind.as_str()))
}

fn prepare(
    context: &BlockJobContext,
    action: TransactionAction,
    transaction: &mut TransactionContext,
) -> Result<PreparedAction> {
    let graph = &context.graph;
    let change = match action {
        TransactionAction::Abort(_) => return Err(messages::transaction_aborted()),
        TransactionAction::BlockdevBackup(action) => {
            return Ok(backup::blockdev_backup(context, action.data, transaction)?.into());
        }
        TransactionAction::BlockdevSnapshot(action) => {
            return external::blockdev_snapshot(graph, &action.data, transaction);
        }
        TransactionAction::BlockdevSnapshotInternalSync(action) => {
            return internal::create(graph, &action.data, transaction);
        }
        TransactionAction::BlockdevSnapshotSync(action) => {
            return external::blockdev_snapshot_sync(graph, action.data, transaction);
        }
        TransactionAction::DriveBackup(action) => {
            return Ok(backup::drive_backup(context, action.data, transaction)?.into());
        }
        TransactionAction::BlockDirtyBitmapAdd(action) => dirty_bitmaps::add(graph, action.data),
        TransactionAction::BlockDirtyBitmapRemove(action) => {
            dirty_bitmaps::remove(graph, &action.data)
        }
        TransactionAction::BlockDirtyBitmapClear(action) => {
            dirty_bitmaps::clear(graph, &action.data)
        }
        TransactionAction::BlockDirtyBitmapEnable(action) => {
            dirty_bitmaps::enable(graph, &action.data, true)
        }
        TransactionAction::BlockDirtyBitmapDisable(action) => {
            dirty_bitmaps::enable(graph, &action.data, false)
        }
        TransactionAction::BlockDirtyBitmapMerge(action) => {
            dirty_bitmaps::merge(graph, &action.data)
        }
    };
    Ok(PreparedAction::Change(Box::new(change?)))
}

/// The name of the node that an action needs without writes in flight, so that all actions take
/// effect at the same point in time. An action for an unknown node fails on its own.
fn quiesced_node(action: &TransactionAction) -> Option<&str> {
    match action {
        TransactionAction::Abort(_) | TransactionAction::BlockDirtyBitmapRemove(_) => None,
        TransactionAction::BlockDirtyBitmapAdd(action) => Some(&action.data.node),
        TransactionAction::BlockDirtyBitmapClear(action)
        | TransactionAction::BlockDirtyBitmapEnable(action)
        | TransactionAction::BlockDirtyBitmapDisable(action) => Some(&action.data.node),
        TransactionAction::BlockDirtyBitmapMerge(action) => Some(&action.data.node),
        TransactionAction::BlockdevBackup(action) => Some(&action.data.common.device),
        TransactionAction::DriveBackup(action) => Some(&action.data.common.device),
        TransactionAction::BlockdevSnapshot(action) => Some(&action.data.node),
        TransactionAction::BlockdevSnapshotInternalSync(action) => Some(&action.data.device),
        TransactionAction::BlockdevSnapshotSync(action) => {
            action.data.node_name.as_deref().or(action.data.device.as_deref())
        }
    }
}
