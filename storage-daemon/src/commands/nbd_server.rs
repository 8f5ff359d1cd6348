//! `nbd-server-start`, `nbd-server-add`, `nbd-server-remove` and `nbd-server-stop`.

use qapi_core::{Result, qapi_command};

use crate::exports::Exports;
use crate::schema::export::{BlockExportRemoveMode, NbdServerAddOptions, NbdServerOptionsLegacy};

/// Starts the NBD server.
///
/// # Errors
/// The server is running; the credentials do not exist; or the address cannot be bound.
#[qapi_command(since = "1.3", boxed, allow_preconfig, blocking)]
pub fn nbd_server_start(
    #[qapi(state)] exports: &Exports,
    options: NbdServerOptionsLegacy,
) -> Result<()> {
    exports.start_server(&options.into())
}

/// Exports a node under the name of the export or of the node, which is the identifier too.
///
/// # Errors
/// As for `block-export-add`.
#[qapi_command(since = "1.3", boxed, allow_preconfig, features(deprecated), blocking)]
pub fn nbd_server_add(
    #[qapi(state)] exports: &Exports,
    options: NbdServerAddOptions,
) -> Result<()> {
    exports.add_legacy(options)
}

/// Removes an export.
///
/// # Errors
/// There is no such export; or it has clients, and the mode is `safe`.
#[qapi_command(since = "2.12", allow_preconfig, features(deprecated), blocking)]
pub fn nbd_server_remove(
    #[qapi(state)] exports: &Exports,
    /// The identifier.
    name: &str,
    /// How clients are treated; `safe` by default.
    mode: Option<BlockExportRemoveMode>,
) -> Result<()> {
    exports.remove(name, mode.unwrap_or_default())
}

/// Stops the NBD server, disconnects its clients and removes its exports.
///
/// # Errors
/// The server is not running.
#[qapi_command(since = "1.3", allow_preconfig, blocking)]
pub fn nbd_server_stop(#[qapi(state)] exports: &Exports) -> Result<()> {
    exports.stop_server()
}
