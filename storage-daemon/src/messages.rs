//! The error texts of this program's QMP commands, in QEMU's wording.
//!
//! Errors of nodes and images have their texts in [`block::error`], errors of the command line in
//! `options/messages.rs`, and those of objects, character devices and exports in their own files.

use block::nodes::Node;
use qapi_core::{Error, ErrorClass};
use rustix::io::Errno;

/// An option that the schema has and this program does not support.
pub(crate) fn not_supported(option: &str) -> Error {
    Error::generic(format!("{option} is not supported by this program"))
}

pub(crate) fn cannot_create_node(error: block::error::Error) -> Error {
    Error::from(error).context("Could not create node")
}

/// The graph cannot be changed at the end of a job. As in QEMU, clients see no details.
pub(crate) fn cannot_change_graph(node: &Node, error: block::error::Error) -> Error {
    tracing::warn!(node = %node.name(), %error, "the graph cannot be changed");
    block::error::Error::Io(Errno::PERM.into()).into()
}

pub(crate) fn no_block_job(id: &str) -> Error {
    Error::with_class(ErrorClass::DeviceNotActive, format!("Block job '{id}' not found"))
}

pub(crate) fn block_job_paused(device: &str) -> Error {
    Error::generic(format!("The block job for device '{device}' is currently paused"))
}

pub(crate) fn source_is_target() -> Error {
    Error::generic("Source and target cannot be the same")
}

pub(crate) fn sizes_differ() -> Error {
    Error::generic("Source and target image have different sizes")
}

/// QEMU writes the name of a device after the trailing blank. Nodes have no such name.
pub(crate) fn cannot_compress() -> Error {
    Error::generic("Compression is not supported for this drive ")
}

pub(crate) fn bitmap_missing(sync: &str) -> Error {
    Error::generic(format!("must provide a valid bitmap name for '{sync}' sync mode"))
}

pub(crate) fn bitmap_mode_must_be(mode: &str, sync: &str) -> Error {
    Error::generic(format!("Bitmap sync mode must be '{mode}' when using sync mode '{sync}'"))
}

pub(crate) fn no_bitmap(name: &str) -> Error {
    Error::generic(format!("Bitmap '{name}' could not be found"))
}

pub(crate) fn bitmap_mode_without_bitmap() -> Error {
    Error::generic("Cannot specify bitmap sync mode without a bitmap")
}

pub(crate) fn bitmap_mode_missing() -> Error {
    Error::generic("Bitmap sync mode must be given when providing a bitmap")
}

pub(crate) fn bitmap_without_output(sync: &str) -> Error {
    Error::generic(format!("sync mode '{sync}' does not produce meaningful bitmap outputs"))
}

pub(crate) fn bitmap_mode_without_effect(mode: &str, sync: &str) -> Error {
    Error::generic(format!(
        "Bitmap sync mode '{mode}' has no meaningful effect when combined with sync mode '{sync}'"
    ))
}

pub(crate) fn bitmap_name_empty() -> Error {
    Error::generic("Bitmap name cannot be empty")
}

pub(crate) fn bitmap_granularity(least: u32) -> Error {
    Error::generic(format!("Granularity must be power of 2 and at least {least}"))
}

/// QEMU aborts.
pub(crate) fn no_bitmaps_to_merge() -> Error {
    Error::generic("Parameter 'bitmaps' expects at least one bitmap")
}

pub(crate) fn max_workers_out_of_range(most: i64) -> Error {
    Error::generic(format!("max-workers must be between 1 and {most}"))
}

pub(crate) fn max_chunk_negative() -> Error {
    Error::generic("max-chunk must be zero (which means no limit) or positive")
}

pub(crate) fn max_chunk_too_small(chunk: i64, cluster: u64) -> Error {
    Error::generic(format!(
        "Required max-chunk ({chunk}) is less than backup cluster size ({cluster})"
    ))
}

/// The error for a size above the limit of the argument's type. [`min_cluster_size_above_limit`] is
/// the error for a size above the limit of the job.
pub(crate) fn min_cluster_size_too_large(size: u64, most: u64) -> Error {
    Error::generic(format!("min-cluster-size too large: {size} > {most}"))
}

pub(crate) fn min_cluster_size_no_power_of_2() -> Error {
    cannot_create_block_copy("min-cluster-size needs to be a power of 2")
}

pub(crate) fn min_cluster_size_above_limit(size: u64, most: u64) -> Error {
    cannot_create_block_copy(&format!("min-cluster-size is too large: {size} > {most}"))
}

fn cannot_create_block_copy(reason: &str) -> Error {
    Error::generic(format!("Could not create node: Cannot create block-copy-state: {reason}"))
}

pub(crate) fn replaces_without_node_name() -> Error {
    Error::generic("a node-name must be provided when replacing a named node of the graph")
}

pub(crate) fn cannot_replace(replaces: &str, source: &str) -> Error {
    Error::generic(format!(
        "Cannot replace '{replaces}' by a node mirrored from '{source}', because it cannot be \
         guaranteed that doing so would not lead to an abrupt change of visible data"
    ))
}

pub(crate) fn invalid_parameter(name: &str) -> Error {
    Error::generic(format!("Invalid parameter '{name}'"))
}

pub(crate) fn mirror_into_itself() -> Error {
    Error::generic("Can't mirror node into itself")
}

pub(crate) fn granularity_out_of_range() -> Error {
    Error::generic("Parameter 'granularity' expects a value in range [512B, 64MB]")
}

pub(crate) fn granularity_no_power_of_2() -> Error {
    Error::generic("Parameter 'granularity' expects a power of 2")
}

pub(crate) fn sync_mode_not_supported(sync: &str) -> Error {
    Error::generic(format!("Sync mode '{sync}' not supported"))
}

pub(crate) fn cannot_change_copy_mode(mode: &str) -> Error {
    Error::generic(format!("Change to copy mode '{mode}' is not implemented"))
}

pub(crate) fn commit_into_itself() -> Error {
    Error::generic("cannot commit an image into itself")
}

pub(crate) fn backing_file_of_active_layer() -> Error {
    Error::generic("'backing-file' specified, but 'top' is the active layer")
}

pub(crate) fn no_device(name: &str) -> Error {
    Error::with_class(ErrorClass::DeviceNotFound, format!("Device '{name}' not found"))
}

/// As [`no_device`], for a command whose error has no class of its own.
pub(crate) fn no_device_generic(name: &str) -> Error {
    Error::generic(format!("Device '{name}' not found"))
}

pub(crate) fn size_negative() -> Error {
    Error::generic("Parameter 'size' expects a >0 size")
}

pub(crate) fn mutually_exclusive(one: &str, other: &str) -> Error {
    Error::generic(format!("'{one}' and '{other}' are mutually exclusive"))
}

pub(crate) fn top_image_not_found(file: &str) -> Error {
    Error::generic(format!("Top image file {file} not found"))
}

pub(crate) fn not_in_backing_chain(file: &str) -> Error {
    Error::generic(format!("Can't find '{file}' in the backing chain"))
}

pub(crate) fn node_not_in_chain(node: &str) -> Error {
    Error::generic(format!("'{node}' is not in this backing file chain"))
}

pub(crate) fn not_at_the_same_time(one: &str, other: &str) -> Error {
    Error::generic(format!("'{one}' and '{other}' cannot be specified at the same time"))
}

pub(crate) fn backing_file_without_base() -> Error {
    Error::generic("backing file specified, but streaming the entire chain")
}

pub(crate) fn not_a_backing_image(node: &str, top: &str) -> Error {
    Error::generic(format!("Node '{node}' is not a backing image of '{top}'"))
}

pub(crate) fn bottom_is_filter(node: &str) -> Error {
    Error::generic(format!("Node '{node}' is a filter, use a non-filter node as 'bottom'"))
}

/// For the image below filters, which is no backing image of the filters.
pub(crate) fn not_in_chain_of(node: &str, top: &str) -> Error {
    Error::generic(format!("'{node}' is not in the backing chain of '{top}'"))
}

pub(crate) fn bottom_not_in_chain(node: &str, top: &str) -> Error {
    Error::generic(format!("Node '{node}' is not in a chain starting from '{top}'"))
}

pub(crate) fn driver_cannot(command: &str) -> Error {
    Error::generic(format!("Driver does not support {command}"))
}

pub(crate) fn image_not_created() -> Error {
    Error::generic("The image could not be made")
}

pub(crate) fn extent_size_hint_too_large() -> Error {
    Error::generic("Extent size hint is too large")
}

pub(crate) fn cannot_change_driver() -> Error {
    Error::generic("x-blockdev-amend doesn't support changing the block driver")
}

pub(crate) fn not_encrypted() -> Error {
    Error::generic("image is not encrypted, can't amend")
}

pub(crate) fn transaction_aborted() -> Error {
    Error::generic("Transaction aborted using Abort action")
}

pub(crate) fn overlay_name_missing() -> Error {
    Error::generic("New overlay node-name missing")
}

pub(crate) fn overlay_name_in_use() -> Error {
    Error::generic("New overlay node-name already in use")
}

pub(crate) fn device_read_only(device: &str) -> Error {
    Error::generic(format!("Device '{device}' is read only"))
}

pub(crate) fn no_internal_snapshots(format: &str, device: &str) -> Error {
    Error::generic(format!(
        "Block format '{format}' used by device '{device}' does not support internal snapshots"
    ))
}

pub(crate) fn snapshot_name_empty() -> Error {
    Error::generic("Name is empty")
}

pub(crate) fn snapshot_exists(name: &str, device: &str) -> Error {
    Error::generic(format!("Snapshot with name '{name}' already exists on device '{device}'"))
}

pub(crate) fn cannot_create_snapshot(
    name: &str,
    device: &str,
    error: block::error::Error,
) -> Error {
    let what = format!("Failed to create snapshot '{name}' on device '{device}'");
    Error::from(error).context(what)
}

pub(crate) fn snapshot_name_or_id_missing() -> Error {
    Error::generic("Name or id must be provided")
}

/// As in QEMU, an absent identifier or name is `null`.
pub(crate) fn no_snapshot(id: Option<&str>, name: Option<&str>, device: &str) -> Error {
    let (id, name) = (id.unwrap_or("null"), name.unwrap_or("null"));
    Error::generic(format!(
        "Snapshot with id '{id}' and name '{name}' does not exist on device '{device}'"
    ))
}

pub(crate) fn action_cannot_be_grouped(action: &str) -> Error {
    Error::generic(format!(
        "Action '{action}' does not support transaction property completion-mode = grouped"
    ))
}

pub(crate) fn cannot_bind(address: &str, error: std::io::Error) -> Error {
    Error::from(error).context(format!("Failed to bind socket to {address}"))
}

pub(crate) fn socket_path_too_long(path: &str) -> Error {
    Error::generic(format!("UNIX socket path '{path}' is too long"))
}

/// QEMU makes a path in the folder for temporary files.
pub(crate) fn socket_path_empty() -> Error {
    Error::generic("UNIX socket path must not be empty")
}

pub(crate) fn no_available_port(error: std::io::Error) -> Error {
    Error::from(error).context("Failed to find an available port")
}

pub(crate) fn no_descriptor_passing() -> Error {
    Error::generic("only QEMU supports file descriptor passing")
}

pub(crate) fn node_not_found(name: &str) -> Error {
    Error::generic(format!("Node '{name}' not found"))
}

pub(crate) fn node_below_in_transaction(below: &str, node: &str) -> Error {
    Error::generic(format!(
        "Node '{below}' is below '{node}'; a transaction cannot contain actions for both"
    ))
}

pub(crate) fn neither_child_nor_node() -> Error {
    Error::generic("Either child or node must be specified")
}

pub(crate) fn child_and_node() -> Error {
    Error::generic("The parameters child and node are in conflict")
}

pub(crate) fn no_child(node: &str, child: &str) -> Error {
    Error::generic(format!("Node '{node}' does not have child '{child}'"))
}

pub(crate) fn children_fixed(node: &str, change: &str) -> Error {
    Error::generic(format!("The node {node} does not support {change} a child"))
}

pub(crate) fn node_has_backend(node: &str) -> Error {
    Error::generic(format!(
        "Node {node} is associated with a BlockBackend and could be in use \
         (use force=true to override this check)"
    ))
}

pub(crate) fn unknown_iothread(id: &str) -> Error {
    Error::generic(format!("Cannot find iothread {id}"))
}

pub(crate) fn not_base64() -> Error {
    Error::generic("Base64 data contains invalid characters")
}
