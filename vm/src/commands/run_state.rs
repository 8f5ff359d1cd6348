//! The commands that show, stop, start and reset the machine.

use qapi_core::{Result, qapi_command};

use crate::run_state::VirtualMachine;
use crate::schema::{ShutdownCause, StatusInfo};

/// Returns the state of the machine.
#[qapi_command(since = "0.14", allow_preconfig)]
pub fn query_status(#[qapi(state)] vm: &VirtualMachine) -> StatusInfo {
    vm.status()
}

/// Stops the machine. Without effect on a machine that stands.
///
/// The reply follows when the guest has stopped and its devices have no request in flight.
///
/// # Errors
/// The machine has failed.
#[qapi_command(since = "0.14")]
pub async fn stop(#[qapi(state)] vm: &VirtualMachine) -> Result<()> {
    vm.turn().await.stop().await
}

/// Lets the machine run. Without effect on a machine that runs.
///
/// # Errors
/// The machine has failed.
#[qapi_command(since = "0.14")]
pub async fn cont(#[qapi(state)] vm: &VirtualMachine) -> Result<()> {
    vm.turn().await.cont().await
}

/// Resets the machine. A machine that stands does not start by it.
///
/// # Errors
/// The machine has failed.
#[qapi_command(name = "system_reset", name_exception, since = "0.14")]
pub async fn system_reset(#[qapi(state)] vm: &VirtualMachine) -> Result<()> {
    vm.turn().await.reset(ShutdownCause::HostQmpSystemReset).await
}
