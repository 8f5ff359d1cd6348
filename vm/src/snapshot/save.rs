//! `snapshot-save`: creates a snapshot of the machine and its disks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use block::image::qcow2::snapshots::NewSnapshot;
use block::nodes::Node;
use job::JobHandle;
use qapi_core::Result;

use super::devices::Devices;
use super::vmstate_area::VmStateArea;
use super::{SnapshotJob, blocking};
use crate::machine::Machine;
use crate::messages;
use crate::run_state::Turn;
use crate::schema::RunState;
use crate::vmstate;

/// Saves the machine, which runs afterwards if it runs now.
///
/// # Errors
/// The devices cannot have the snapshot, or one of them cannot be written. No device has the
/// snapshot then.
pub(super) async fn run(
    request: &SnapshotJob,
    vmstate: &str,
    job: &JobHandle,
    turn: &Turn<'_>,
) -> Result<()> {
    let devices = request.devices().await?;
    let (tag, name) = (request.tag.clone(), vmstate.to_owned());
    let (devices, node) = blocking(move || {
        if devices.snapshots(&tag)?.iter().any(Option::is_some) {
            return Err(messages::snapshot_exists(&tag));
        }
        let node = Arc::clone(devices.node(&name)?);
        Ok((devices, node))
    })
    .await?;
    let was_running = turn.stop_for(RunState::SaveVm).await?;
    let saved = save_stopped(request, devices, node, job).await;
    if was_running {
        turn.cont().await?;
    }
    saved
}

async fn save_stopped(
    request: &SnapshotJob,
    devices: Devices,
    node: Arc<Node>,
    job: &JobHandle,
) -> Result<()> {
    let quiesced = devices.quiesce().await;
    let tag = request.tag.clone();
    let created = request.vm.with_machine(move |machine| {
        let created = create(machine, &tag, &devices, &node)?;
        Ok((created, devices))
    });
    let (created, devices) = created.await?;
    if job.is_cancelled() {
        blocking(move || {
            created.undo();
            Ok(())
        })
        .await?;
    }
    drop((quiesced, devices));
    Ok(())
}

/// Writes the state of the machine, and creates the snapshots. The snapshot with the state is the
/// last one, so that if it exists, all others do.
fn create(
    machine: &dyn Machine,
    tag: &str,
    devices: &Devices,
    node: &Arc<Node>,
) -> Result<Created> {
    let mut area = VmStateArea::for_writing(node);
    let saved = vmstate::save(machine, &mut area);
    let date = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let disk_only = NewSnapshot {
        name: tag.to_owned(),
        date: date.unwrap_or(Duration::ZERO),
        vm_clock: machine.clock(),
        ..NewSnapshot::default()
    };
    let with_state = NewSnapshot { vm_state_size: area.offset(), ..disk_only.clone() };
    let (of_node, others): (Vec<_>, Vec<_>) =
        devices.nodes().iter().partition(|device| Arc::ptr_eq(device, node));
    // A device that is named twice has two snapshots, the first of which has the state.
    let disks = others.iter().map(|node| (*node, &disk_only));
    let states = [&with_state].into_iter().chain(std::iter::repeat(&disk_only));
    let mut created = Created::default();
    let all = saved.and_then(|()| {
        disks
            .chain(of_node.into_iter().zip(states))
            .try_for_each(|(node, new)| created.add(node, new))
    });
    if let Err(error) = all {
        created.undo();
        if let Err(error) = node.discard_vm_state() {
            tracing::warn!(node = %node.name(), %error, "the state of the machine stays");
        }
        return Err(error);
    }
    Ok(created)
}

/// The snapshots that a job has created.
#[derive(Default)]
struct Created(Vec<(Arc<Node>, String)>);

impl Created {
    fn add(&mut self, node: &Arc<Node>, new: &NewSnapshot) -> Result<()> {
        let created = node.create_snapshot(new).map_err(|error| {
            tracing::warn!(node = %node.name(), %error, "the snapshot cannot be created");
            messages::cannot_create(&new.name, node.name())
        })?;
        self.0.push((Arc::clone(node), created.id));
        Ok(())
    }

    /// Deletes the snapshots, the one with the state first.
    fn undo(self) {
        for (node, id) in self.0.into_iter().rev() {
            if let Err(error) = node.delete_snapshot(&id) {
                tracing::error!(node = %node.name(), %error, "a snapshot stays");
            }
        }
    }
}
