//! `transaction`: several actions that take effect together or not at all.

use qapi_core::{Result, qapi_command};

use crate::block_job::BlockJobContext;
use crate::jobs::transaction::{TransactionContext, begin, prepare_all};
use crate::schema::transaction::{TransactionAction, TransactionProperties};

/// Carries out several actions at one point in time, or none of them.
///
/// Jobs are made in the order of the actions, and set to work when all are made.
///
/// # Errors
/// What the first action that fails says; those before it are undone. An action does not go
/// together with the completion mode.
#[qapi_command(since = "1.1", allow_preconfig)]
pub async fn transaction(
    #[qapi(state)] context: &BlockJobContext,
    /// What is to be done.
    actions: Vec<TransactionAction>,
    /// What holds for all actions.
    #[qapi(since = "2.5")]
    properties: Option<TransactionProperties>,
) -> Result<()> {
    let mode = properties.and_then(|properties| properties.completion_mode).unwrap_or_default();
    let context = context.clone();
    let prepare = move |transaction: &mut TransactionContext| {
        prepare_all(&context, actions, mode, transaction)
    };
    begin(prepare).await
}
