//! Jobs that are created but not yet started. Until the start, such a job can be undone.

use std::sync::Arc;

use block::nodes::{Node, Quiesced, WriteWatcher};
use job::{CreatedJob, Job, JobDriver, JobOptions, JobType, Jobs, Speed, Transaction};
use qapi_core::Result;
use tokio::runtime::Handle;

use super::target::CreatedFile;
use crate::blocking::blocking;

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

/// The state that the actions of one `transaction` command share.
#[derive(Debug, Default)]
pub struct TransactionContext {
    /// The transaction of the jobs, if they succeed or fail together.
    pub transaction: Option<Transaction>,
    /// The sources. They are quiesced until all jobs are started, so that all copies show the
    /// same point in time.
    quiesced: Vec<Quiesced>,
}

impl TransactionContext {
    /// Quiesces a node, and registers a watcher for all later writes. Blocks until the node has no
    /// writes in flight.
    pub fn watch<W: WriteWatcher>(&mut self, node: &Arc<Node>, watcher: &Arc<W>) {
        let known = self.quiesced.iter_mut().find(|known| Arc::ptr_eq(known.node(), node));
        match known {
            Some(quiesced) => quiesced.watch(watcher),
            None => {
                let mut quiesced = Handle::current().block_on(node.quiesce());
                quiesced.watch(watcher);
                self.quiesced.push(quiesced);
            }
        }
    }
}

/// Prepares jobs on a thread for blocking work, and starts them on the main loop. The jobs do their
/// work, and emit its events, after the reply to the command.
///
/// # Errors
/// Those of `prepare`.
pub async fn prepare_and_start(
    prepare: impl FnOnce(&mut TransactionContext) -> Result<Vec<PreparedJob>> + Send + 'static,
) -> Result<()> {
    let prepared = blocking(move || {
        let mut transaction = TransactionContext::default();
        prepare(&mut transaction).map(|jobs| (jobs, transaction))
    });
    let (jobs, _quiesced) = prepared.await?;
    // QEMU starts the last job first, and clients see that order.
    for job in jobs.into_iter().rev() {
        job.start();
    }
    Ok(())
}
