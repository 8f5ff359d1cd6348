//! `block-export-add`, `block-export-del` and `query-block-exports`.

use qapi_core::{Result, qapi_command};

use crate::exports::Exports;
use crate::schema::export::{BlockExportInfo, BlockExportOptions, BlockExportRemoveMode};

/// Exports a node.
///
/// # Errors
/// The options contradict each other, the node or the existing exports; the server of the export is
/// not running; or other users of the node do not permit the export.
#[qapi_command(since = "5.2", boxed, allow_preconfig, blocking)]
pub fn block_export_add(
    #[qapi(state)] exports: &Exports,
    options: BlockExportOptions,
) -> Result<()> {
    exports.add(options)
}

/// Removes an export. The event `BLOCK_EXPORT_DELETED` reports that its last client is gone.
///
/// # Errors
/// There is no such export; or it has clients, and the mode is `safe`.
#[qapi_command(since = "5.2", allow_preconfig, blocking)]
pub fn block_export_del(
    #[qapi(state)] exports: &Exports,
    /// The identifier.
    id: &str,
    /// How clients are treated; `safe` by default.
    mode: Option<BlockExportRemoveMode>,
) -> Result<()> {
    exports.remove(id, mode.unwrap_or_default())
}

/// Lists all exports.
#[qapi_command(since = "5.2", allow_preconfig, blocking)]
pub fn query_block_exports(#[qapi(state)] exports: &Exports) -> Vec<BlockExportInfo> {
    exports.infos()
}
