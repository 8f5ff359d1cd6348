//! Actions that are prepared, and can be undone until the transaction is complete: jobs that are
//! created but not yet started, and changes that have taken effect.

use std::fmt;
use std::sync::Arc;

use block::image::dirty_bitmaps::BitmapChange;
use block::nodes::{Node, Quiesced, WriteWatcher, quiesce_all};
use job::{CreatedJob, Job, JobDriver, JobOptions, JobType, Jobs, Speed, Transaction};
use qapi_core::Result;
use tokio::runtime::Handle;

use super::target::CreatedFile;
use crate::blocking::blocking;
use crate::messages;

/// The arguments that all commands which create a block job have in common.
#[derive(Debug, Clone, Default)]
pub struct JobArguments {
    /// The job's identifier. Required, as this program has no devices whose ID is the default.
    pub job_id: Option<String>,
    /// The rate limit in bytes per second; 0, which is the default, means no limit.
    pub speed: Option<i64>,
    /// Whether the job finalizes itself; `true` by default.
    pub auto_finalize: Option<bool>,
    /// Whether the job dismisses itself; `true` by default.
    pub auto_dismiss: Option<bool>,
}

impl JobArguments {
    /// Creates a job, with the defaults for absent arguments.
    ///
    /// # Errors
    /// Those of [`Jobs::create`]; or the speed is negative. As in QEMU, clients receive the job's
    /// first event before the error of a negative speed.
    pub fn create(
        self,
        jobs: &Jobs,
        job_type: JobType,
        driver: impl JobDriver,
        transaction: Option<&Transaction>,
    ) -> Result<CreatedJob> {
        let speed = Speed::try_from(self.speed.unwrap_or(0));
        let options = JobOptions::new(job_type)
            .id(self.job_id.unwrap_or_default())
            .speed(speed.as_ref().copied().unwrap_or_default())
            .auto_finalize(self.auto_finalize.unwrap_or(true))
            .auto_dismiss(self.auto_dismiss.unwrap_or(true));
        let created = jobs.create(options, driver, transaction)?;
        speed?;
        Ok(created)
    }
}

/// A job that is created and whose nodes are reserved. Dropping this value undoes the job.
#[derive(Debug)]
pub struct PreparedJob {
    // Dropped before the file, which the job has open.
    job: CreatedJob,
    created_file: Option<CreatedFile>,
}

impl PreparedJob {
    /// Combines a job with the file that was created for it.
    pub fn new(job: CreatedJob, created_file: Option<CreatedFile>) -> Self {
        Self { job, created_file }
    }

    /// The job.
    pub fn job(&self) -> &CreatedJob {
        &self.job
    }

    /// Starts the job. The file that was created for the job is no longer removed.
    pub fn start(self) -> Job {
        if let Some(file) = self.created_file {
            file.persist();
        }
        self.job.start()
    }

    /// Undoes the job and all other jobs of its transaction. Blocks until they are undone.
    pub fn undo(self) {
        let job = self.job.job().clone();
        self.job.undo();
        Handle::current().block_on(job.idle());
    }
}

/// A change that has taken effect, and can be undone until the transaction is complete.
pub trait Change: fmt::Debug + Send {
    /// Keeps the change. May block.
    fn commit(self: Box<Self>);

    /// Undoes the change. May block.
    fn undo(self: Box<Self>, transaction: &mut TransactionContext);
}

impl Change for BitmapChange {
    fn commit(self: Box<Self>) {}

    fn undo(self: Box<Self>, _transaction: &mut TransactionContext) {
        BitmapChange::undo(*self);
    }
}

/// An action of a transaction that has succeeded so far.
#[derive(Debug)]
pub enum PreparedAction {
    /// A job that is not started yet.
    Job(PreparedJob),
    /// A change.
    Change(Box<dyn Change>),
}

impl From<PreparedJob> for PreparedAction {
    fn from(job: PreparedJob) -> Self {
        PreparedAction::Job(job)
    }
}

impl PreparedAction {
    /// Undoes the action. Blocks.
    pub fn undo(self, transaction: &mut TransactionContext) {
        match self {
            PreparedAction::Job(job) => job.undo(),
            PreparedAction::Change(change) => change.undo(transaction),
        }
    }

    /// Keeps a change. Returns a job, which is to be started. May block.
    fn commit(self) -> Option<PreparedJob> {
        match self {
            PreparedAction::Job(job) => Some(job),
            PreparedAction::Change(change) => {
                change.commit();
                None
            }
        }
    }
}

/// The state that the actions of one `transaction` command share.
#[derive(Debug, Default)]
pub struct TransactionContext {
    /// The transaction of the jobs, if they succeed or fail together.
    pub transaction: Option<Transaction>,
    /// The nodes that actions work on. They are quiesced until all jobs are started, so that all
    /// copies and bitmaps show the same point in time.
    quiesced: Vec<Quiesced>,
}

impl TransactionContext {
    /// Quiesces a node, and registers a watcher for all later writes. Blocks until the node has no
    /// writes in flight.
    pub fn watch<W: WriteWatcher>(&mut self, node: &Arc<Node>, watcher: &Arc<W>) {
        self.quiesce(node).watch(watcher);
    }

    /// Quiesces several nodes until the transaction is complete. Blocks until they have no writes
    /// in flight.
    pub fn quiesce_all(&mut self, nodes: Vec<Arc<Node>>) {
        self.quiesced.extend(Handle::current().block_on(quiesce_all(nodes)));
    }

    /// Refuses a change of the contents of a node above a quiesced one, for which it would wait.
    ///
    /// # Errors
    /// There is such a node.
    pub fn check_writable(&self, node: &Arc<Node>) -> Result<()> {
        match self.quiesced.iter().find(|quiesced| quiesced.is_below(node)) {
            Some(below) => {
                Err(messages::node_below_in_transaction(below.node().name(), node.name()))
            }
            None => Ok(()),
        }
    }

    /// Quiesces a node until the transaction is complete. Blocks until the node has no writes in
    /// flight.
    pub fn quiesce(&mut self, node: &Arc<Node>) -> &mut Quiesced {
        let known = self.quiesced.iter().position(|known| Arc::ptr_eq(known.node(), node));
        let position = known.unwrap_or_else(|| {
            self.quiesced.push(Handle::current().block_on(node.quiesce()));
            self.quiesced.len() - 1
        });
        &mut self.quiesced[position]
    }
}

/// Prepares actions on a thread for blocking work, and starts the jobs on the main loop. The jobs
/// do their work, and emit its events, after the reply to the command.
///
/// # Errors
/// Those of `prepare`.
pub async fn prepare_and_start(
    prepare: impl FnOnce(&mut TransactionContext) -> Result<Vec<PreparedAction>> + Send + 'static,
) -> Result<()> {
    let prepared = blocking(move || {
        let mut transaction = TransactionContext::default();
        let actions = prepare(&mut transaction)?;
        // QEMU completes the last action first, and clients see that order.
        let jobs = actions.into_iter().rev().filter_map(PreparedAction::commit);
        Ok::<_, qapi_core::Error>((jobs.collect::<Vec<_>>(), transaction))
    });
    let (jobs, _quiesced) = prepared.await?;
    for job in jobs {
        job.start();
    }
    Ok(())
}
