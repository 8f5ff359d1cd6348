//! The jobs that save, load and delete snapshots of a machine with its disks.

mod delete;
mod devices;
mod load;
mod save;
mod vmstate_area;

use std::time::Duration;

use block::nodes::Graph;
use job::{Cancelled, JobDriver, JobHandle, JobOptions, JobType, Jobs};
use qapi_core::Result;

use crate::messages;
use crate::run_state::{Turn, VirtualMachine};
use devices::Devices;

/// The time that a command waits for the end of its job. QEMU does the work in one piece, so that
/// the next command always finds the job concluded. A disk that hangs must not hang the client that
/// could cancel the job.
const REPLY_WAIT: Duration = Duration::from_secs(10);

/// What a job does with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// Creates it. The node `vmstate` gets the state of the machine.
    Save { vmstate: String },
    /// Returns to it. The node `vmstate` has the state of the machine.
    Load { vmstate: String },
    /// Deletes it.
    Delete,
}

impl Work {
    fn job_type(&self) -> JobType {
        match self {
            Self::Save { .. } => JobType::SnapshotSave,
            Self::Load { .. } => JobType::SnapshotLoad,
            Self::Delete => JobType::SnapshotDelete,
        }
    }
}

/// A job for a snapshot.
pub(crate) struct SnapshotJob {
    pub(crate) vm: VirtualMachine,
    pub(crate) graph: Graph,
    pub(crate) work: Work,
    /// The name of the snapshot.
    pub(crate) tag: String,
    /// The names of the nodes that have the snapshot, or shall have it.
    pub(crate) device_names: Vec<String>,
}

impl SnapshotJob {
    /// Starts the job, and waits until it is concluded, but not long.
    ///
    /// # Errors
    /// The identifier is malformed or in use. All other errors are those of the job.
    pub(crate) async fn start(self, jobs: &Jobs, id: String) -> Result<()> {
        // No event has the error, so that a client must be able to query the concluded job.
        let options = JobOptions::new(self.work.job_type()).id(id).auto_dismiss(false);
        let job = jobs.create(options, self, None)?.start();
        // The error of the job is not that of the command.
        let _ = tokio::time::timeout(REPLY_WAIT, job.concluded()).await;
        Ok(())
    }

    /// The devices.
    async fn devices(&self) -> Result<Devices> {
        let (graph, names) = (self.graph.clone(), self.device_names.clone());
        blocking(move || Devices::find(&graph, &names)).await
    }

    /// Waits until no other job or client controls the machine.
    async fn turn(&self, job: &JobHandle) -> Result<Turn<'_>, Cancelled> {
        let turn = self.vm.turn();
        tokio::pin!(turn);
        loop {
            tokio::select! {
                turn = &mut turn => return Ok(turn),
                cancelled = job.entered() => cancelled?,
            }
        }
    }
}

impl JobDriver for SnapshotJob {
    /// Does the work in one step, which neither pauses nor stops. A save that has been cancelled is
    /// undone.
    async fn run(&self, job: &JobHandle) -> Result<()> {
        job.set_remaining(1);
        let turn = self.turn(job).await?;
        match &self.work {
            Work::Save { vmstate } => save::run(self, vmstate, job, &turn).await?,
            Work::Load { vmstate } => load::run(self, vmstate, &turn).await?,
            Work::Delete => delete::run(self).await?,
        }
        job.advance(1);
        Ok(())
    }
}

/// Runs work on a thread for blocking work.
///
/// # Errors
/// The error of `work`, or an error that says that `work` has panicked.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_panicked| Err(messages::snapshot_panicked()))
}
