//! `snapshot-delete`: deletes a snapshot.

use qapi_core::Result;

use super::{SnapshotJob, blocking};
use crate::messages;

/// Deletes the snapshots, whether or not they have a state of a machine. Devices without one are no
/// error. The machine does not stop.
///
/// # Errors
/// A device has no snapshots, or cannot be written. The devices before it no longer have the
/// snapshot then.
pub(super) async fn run(request: &SnapshotJob) -> Result<()> {
    let devices = request.devices().await?;
    let tag = request.tag.clone();
    blocking(move || {
        for node in devices.nodes() {
            // The list is read anew for each device: a device may be named twice.
            if let Some(snapshot) = node.find_snapshot(None, Some(&tag))? {
                let deleted = node.delete_snapshot(&snapshot.id);
                deleted.map_err(|error| messages::cannot_delete(&tag, node.name(), error))?;
            }
        }
        Ok(())
    })
    .await
}
