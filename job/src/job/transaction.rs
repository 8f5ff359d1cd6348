//! Transactions, as callers see them.

use std::sync::{Arc, OnceLock};

use qapi_core::Error;

use super::engine::{Engine, TransactionRef};
use crate::machine::Machine;
use crate::messages;

/// A group of jobs that succeed together or not at all. Cloning is cheap and names the same group.
///
/// A member that is done waits for the others. When all are done, all become pending. They are then
/// finalized, unless one of them waits for a client to finalize it. As soon as one member fails or
/// is cancelled, the others are cancelled by force.
///
/// Create all members before the first is started: a transaction that is over accepts no member.
/// The members belong to one engine. A command that meets an error half-way
/// [undoes](crate::CreatedJob::undo) the jobs that it has created, the newest first as QEMU does.
///
/// ```
/// use job::{CreatedJob, JobOptions, JobType, Jobs, Transaction};
/// # struct Copy;
/// # impl job::JobDriver for Copy {
/// #     async fn run(&self, _: &job::JobHandle) -> qapi_core::Result<()> { Ok(()) }
/// # }
///
/// /// Starts one job for each name, or none at all.
/// fn start_together(jobs: &Jobs, names: &[&str]) -> qapi_core::Result<()> {
///     let transaction = Transaction::new();
///     let mut created = Vec::new();
///     for name in names {
///         let options = JobOptions::new(JobType::Backup).id(*name);
///         match jobs.create(options, Copy, Some(&transaction)) {
///             Ok(job) => created.push(job),
///             Err(error) => {
///                 created.into_iter().rev().for_each(CreatedJob::undo);
///                 return Err(error);
///             }
///         }
///     }
///     for job in created {
///         job.start();
///     }
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let jobs = Jobs::new(|_: &job::JobStatusChange| {});
/// assert!(start_together(&jobs, &["a", "b", "not a name"]).is_err());
/// assert!(jobs.list().is_empty());
/// assert!(start_together(&jobs, &["a", "b"]).is_ok());
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Transaction {
    /// Set when the first member joins.
    bound: Arc<OnceLock<Arc<TransactionRef>>>,
}

impl Transaction {
    /// A transaction without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The transaction in the machine of `engine`.
    ///
    /// # Errors
    /// The transaction has members in another engine.
    pub(super) fn bind(
        &self,
        engine: &Arc<Engine>,
        machine: &mut Machine,
    ) -> Result<Arc<TransactionRef>, Error> {
        let bound = self.bound.get_or_init(|| Arc::new(TransactionRef::new(engine, machine)));
        if bound.is_of(engine) {
            Ok(Arc::clone(bound))
        } else {
            Err(messages::transaction_of_another_engine())
        }
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.bound.get().map(|bound| bound.key());
        out.debug_struct("Transaction").field("key", &key).finish_non_exhaustive()
    }
}
