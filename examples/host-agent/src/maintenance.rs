//! Maintenance: while it lasts, the agent starts nothing new.

use std::sync::Arc;

use host_agent_client::{MaintenanceChanged, MaintenanceInfo};
use parking_lot::Mutex;
use qapi_core::observe::{CallHook, CallInfo};
use qapi_core::prelude::*;

/// The maintenance of the host, which commands change and a hook reads.
#[derive(Default)]
pub(crate) struct Maintenance(Mutex<MaintenanceInfo>);

impl Maintenance {
    fn set(&self, reason: Option<String>, events: &Events) {
        let info = MaintenanceInfo { reason };
        *self.0.lock() = info.clone();
        events.emit(&MaintenanceChanged(info));
    }
}

/// Refuses commands during maintenance.
pub(crate) struct RefuseInMaintenance(pub(crate) Arc<Maintenance>);

impl CallHook for RefuseInMaintenance {
    fn before(&self, call: &CallInfo<'_>) -> qapi_core::Result<()> {
        match &self.0.0.lock().reason {
            Some(reason) if matches!(call.command(), "memory-reserve" | "folder-measure") => {
                Err(format!("The host is in maintenance: {reason}").into())
            }
            _ => Ok(()),
        }
    }
}

/// Returns whether the host is in maintenance.
#[qapi_command(since = "1.0")]
fn query_maintenance(#[qapi(state)] maintenance: &Maintenance) -> MaintenanceInfo {
    maintenance.0.lock().clone()
}

/// Begins the maintenance of the host.
#[qapi_command(since = "1.0")]
fn maintenance_begin(
    #[qapi(state)] maintenance: &Maintenance,
    #[qapi(state)] events: &Events,
    /// The reason, which refused clients see.
    reason: String,
) {
    maintenance.set(Some(reason), events);
}

/// Ends the maintenance of the host.
#[qapi_command(since = "1.0")]
fn maintenance_end(#[qapi(state)] maintenance: &Maintenance, #[qapi(state)] events: &Events) {
    maintenance.set(None, events);
}
