//! `snapshot-load`: gives the machine and its disks the state of a snapshot.

use std::sync::Arc;

use block::image::qcow2::snapshots::Snapshot;
use block::nodes::Node;
use qapi_core::{Error, Result};

use super::devices::Devices;
use super::vmstate_area::VmStateArea;
use super::{SnapshotJob, blocking};
use crate::machine::Machine;
use crate::messages;
use crate::run_state::Turn;
use crate::schema::RunState;
use crate::vmstate;

/// Loads the snapshot. The machine runs afterwards if it runs now.
///
/// # Errors
/// A device does not have the snapshot, or cannot go back to it; the state is one of another
/// machine, or cannot be read. A machine that was running is in the state `restore-vm` then.
pub(super) async fn run(request: &SnapshotJob, vmstate: &str, turn: &Turn<'_>) -> Result<()> {
    // As in QEMU, the machine stops before the checks.
    let was_running = turn.stop_for(RunState::RestoreVm).await?;
    let devices = request.devices().await?;
    let (tag, name) = (request.tag.clone(), vmstate.to_owned());
    let loading = blocking(move || Loading::new(devices, tag, &name)).await?;
    let quiesced = loading.devices.quiesce().await;
    let loaded = request.vm.with_machine(move |machine| loading.load(machine)).await;
    drop(quiesced);
    loaded?;
    if was_running {
        turn.cont().await?;
    }
    Ok(())
}

/// A snapshot that can be loaded.
struct Loading {
    devices: Devices,
    tag: String,
    /// In the order of the devices.
    snapshots: Vec<Snapshot>,
    /// The device with the state of the machine.
    node: Arc<Node>,
    /// The size of the state in bytes.
    state_size: u64,
}

impl Loading {
    fn new(devices: Devices, tag: String, vmstate: &str) -> Result<Self> {
        let snapshots: Option<Vec<Snapshot>> = devices.snapshots(&tag)?.into_iter().collect();
        let snapshots = snapshots.ok_or_else(|| messages::snapshot_missing(&tag))?;
        let node = Arc::clone(devices.node(vmstate)?);
        let of_node = devices.nodes().iter().zip(&snapshots);
        let state_size = of_node
            .filter(|(device, _)| Arc::ptr_eq(device, &node))
            .map(|(_, snapshot)| snapshot.vm_state_size)
            .next()
            .filter(|size| *size != 0)
            .ok_or_else(messages::disk_only)?;
        Ok(Self { devices, tag, snapshots, node, state_size })
    }

    /// All devices are checked before the first one changes.
    fn load(self, machine: &dyn Machine) -> Result<()> {
        let cannot_load =
            |node: &Node, error: Error| messages::cannot_load(&self.tag, node.name(), error);
        for node in self.devices.nodes() {
            if !node.dirty_bitmaps().infos().is_empty() {
                return Err(cannot_load(node, messages::dirty_bitmaps()));
            }
        }
        for (node, snapshot) in self.devices.nodes().iter().zip(&self.snapshots) {
            let reverted = node.revert_to_snapshot(&snapshot.id);
            reverted.map_err(|error| cannot_load(node, error.into()))?;
        }
        let area = VmStateArea::for_reading(&self.node, self.state_size);
        let loaded = vmstate::load(machine, area);
        // The snapshot keeps the state.
        if let Err(error) = self.node.discard_vm_state() {
            tracing::warn!(node = %self.node.name(), %error, "the state of the machine stays");
        }
        loaded
    }
}
