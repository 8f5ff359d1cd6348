//! Jobs that are begun transaction: each action of a transaction is prepared in turn, and when all
//! are, all take effect.

use std::sync::Arc;

use block::nodes::{Node, Quiesced, WriteWatcher};
use job::Transaction;
use qapi_core::{Error, Result};
use tokio::runtime::Handle;

use super::backup;
use super::prepared_job::PreparedJob;
use crate::block_job::BlockJobContext;
use crate::blocking::blocking;
use crate::schema::transaction::{
    ActionCompletionMode, TransactionAction, TransactionActionKind,
};

/// What the jobs of one transaction have in common.
#[derive(Debug, Default)]
pub struct TransactionContext {
    /// The group of those that succeed transaction.
    pub group: Option<Transaction>,
    /// The sources to which nobody writes until all jobs are made and started: all copies are of
    /// one moment.
    held: Vec<Quiesced>,
}

impl TransactionContext {
    /// Holds off writes to a node, and has a watcher see them from then on. Blocks until writes
    /// that are under way are done.
    pub fn watch<W: WriteWatcher>(&mut self, node: &Arc<Node>, watcher: &Arc<W>) {
        let known = self.held.iter_mut().find(|held| Arc::ptr_eq(held.node(), node));
        match known {
            Some(held) => held.watch(watcher),
            None => {
                let mut held = Handle::current().block_on(node.quiesce());
                held.watch(watcher);
                self.held.push(held);
            }
        }
    }
}

/// Makes jobs on a thread for blocking work, and sets them to work on the main loop: so what they
/// do then is told after the reply to the command.
///
/// # Errors
/// Those of `prepare`.
pub async fn begin(
    prepare: impl FnOnce(&mut TransactionContext) -> Result<Vec<PreparedJob>> + Send + 'static,
) -> Result<()> {
    let made = blocking(move || {
        let mut transaction = TransactionContext::default();
        prepare(&mut transaction).map(|prepared| (prepared, transaction))
    });
    let (prepared, _together) = made.await?;
    // The last is the first: clients see the jobs in that order.
    for job in prepared.into_iter().rev() {
        job.start();
    }
    Ok(())
}

/// Prepares all actions, or none. Blocks.
///
/// # Errors
/// Those of the first action that fails, or that an action does not go together with the mode.
pub fn prepare_all(
    context: &BlockJobContext,
    actions: Vec<TransactionAction>,
    mode: ActionCompletionMode,
    transaction: &mut TransactionContext,
) -> Result<Vec<PreparedJob>> {
    match mode {
        ActionCompletionMode::Individual => {}
        ActionCompletionMode::Grouped => {
            actions.iter().try_for_each(check_grouped)?;
            transaction.group = Some(Transaction::new());
        }
    }
    let mut prepared = Vec::with_capacity(actions.len());
    let result = actions.into_iter().try_for_each(|action| {
        prepared.push(prepare(context, action, transaction)?);
        Ok(())
    });
    if let Err(error) = result {
        // As with success, the last is the first.
        prepared.into_iter().rev().for_each(PreparedJob::undo);
        return Err(error);
    }
    Ok(prepared)
}

/// Actions that begin no job have nothing to complete.
fn check_grouped(action: &TransactionAction) -> Result<()> {
    match action {
        TransactionAction::BlockdevBackup(_) | TransactionAction::DriveBackup(_) => Ok(()),
        TransactionAction::Abort(_) => Err(Error::generic(format!(
            "Action '{}' does not support transaction property completion-mode = grouped",
            TransactionActionKind::Abort.as_str(),
        ))),
    }
}

fn prepare(
    context: &BlockJobContext,
    action: TransactionAction,
    transaction: &mut TransactionContext,
) -> Result<PreparedJob> {
    match action {
        TransactionAction::Abort(_) => {
            Err(Error::generic("Transaction aborted using Abort action"))
        }
        TransactionAction::BlockdevBackup(action) => {
            backup::blockdev_backup(context, action.data, transaction)
        }
        TransactionAction::DriveBackup(action) => {
            backup::drive_backup(context, action.data, transaction)
        }
    }
}
