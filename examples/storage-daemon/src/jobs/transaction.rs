//! Jobs that are begun together: each action of a transaction is prepared in turn, and when all
//! are, all take effect.

use job::Transaction;
use qapi_core::{Error, Result};

use super::backup;
use super::prepared::Prepared;
use crate::block_job::BlockJobs;
use crate::qmp::transaction::{ActionCompletionMode, TransactionAction, TransactionActionKind};

/// Carries out all actions, or none. Blocks.
///
/// # Errors
/// Those of the first action that fails, or that an action does not go together with the mode.
pub fn run(
    daemon: &BlockJobs,
    actions: Vec<TransactionAction>,
    mode: ActionCompletionMode,
) -> Result<()> {
    let group = match mode {
        ActionCompletionMode::Individual => None,
        ActionCompletionMode::Grouped => {
            actions.iter().try_for_each(check_grouped)?;
            Some(Transaction::new())
        }
    };
    let mut prepared = Vec::with_capacity(actions.len());
    let result = actions.into_iter().try_for_each(|action| {
        prepared.push(prepare(daemon, action, group.as_ref())?);
        Ok(())
    });
    // The last is the first, with success as with failure: clients see the jobs in that order.
    let newest_first = prepared.into_iter().rev();
    match result {
        Ok(()) => newest_first.for_each(Prepared::start),
        Err(_) => newest_first.for_each(Prepared::undo),
    }
    result
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
    daemon: &BlockJobs,
    action: TransactionAction,
    group: Option<&Transaction>,
) -> Result<Prepared> {
    match action {
        TransactionAction::Abort(_) => {
            Err(Error::generic("Transaction aborted using Abort action"))
        }
        TransactionAction::BlockdevBackup(action) => {
            backup::blockdev_backup(daemon, action.data, group)
        }
        TransactionAction::DriveBackup(action) => {
            backup::drive_backup(daemon, action.data, group)
        }
    }
}
