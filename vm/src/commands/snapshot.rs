//! The commands that save, load and delete snapshots: those of QAPI's schema file `migration.json`.
//!
//! Each starts a job. As in QEMU, all errors but those of the job's identifier are the job's, and
//! the job stays `concluded` until a client dismisses it.

use block::nodes::Graph;
use job::Jobs;
use qapi_core::{Result, qapi_command};

use crate::run_state::VirtualMachine;
use crate::snapshot::{SnapshotJob, Work};

/// Starts a job that saves the machine and its disks as a snapshot. The machine stops meanwhile.
///
/// # Errors
/// The job's identifier is malformed or in use.
#[qapi_command(since = "6.0")]
pub async fn snapshot_save(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    #[qapi(state)] vm: &VirtualMachine,
    /// The job's identifier.
    job_id: String,
    /// The name of the snapshot.
    tag: String,
    /// The node that gets the state of the machine, one of `devices`.
    vmstate: String,
    /// The names of the nodes that get the snapshot.
    devices: Vec<String>,
) -> Result<()> {
    let (vm, graph) = (vm.clone(), graph.clone());
    let work = Work::Save { vmstate };
    SnapshotJob { vm, graph, work, tag, device_names: devices }.start(jobs, job_id).await
}

/// Starts a job that gives the machine and its disks the state of a snapshot. The machine stops
/// meanwhile. It is in the state `restore-vm` if it was running and the job fails.
///
/// # Errors
/// The job's identifier is malformed or in use.
#[qapi_command(since = "6.0")]
pub async fn snapshot_load(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    #[qapi(state)] vm: &VirtualMachine,
    /// The job's identifier.
    job_id: String,
    /// The name of the snapshot.
    tag: String,
    /// The node that has the state of the machine, one of `devices`.
    vmstate: String,
    /// The names of the nodes that return to the snapshot.
    devices: Vec<String>,
) -> Result<()> {
    let (vm, graph) = (vm.clone(), graph.clone());
    let work = Work::Load { vmstate };
    SnapshotJob { vm, graph, work, tag, device_names: devices }.start(jobs, job_id).await
}

/// Starts a job that deletes a snapshot. Nodes without the snapshot are no error.
///
/// # Errors
/// The job's identifier is malformed or in use.
#[qapi_command(since = "6.0")]
pub async fn snapshot_delete(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    #[qapi(state)] vm: &VirtualMachine,
    /// The job's identifier.
    job_id: String,
    /// The name of the snapshot.
    tag: String,
    /// The names of the nodes.
    devices: Vec<String>,
) -> Result<()> {
    let (vm, graph) = (vm.clone(), graph.clone());
    let work = Work::Delete;
    SnapshotJob { vm, graph, work, tag, device_names: devices }.start(jobs, job_id).await
}
