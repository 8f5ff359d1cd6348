//! The types of `blockdev-snapshot`, `blockdev-snapshot-sync` and
//! `blockdev-snapshot-internal-sync`.

use qapi_core::qapi_struct;

use super::mirror::NewImageMode;

/// The arguments of `blockdev-snapshot`.
#[qapi_struct(since = "2.5")]
#[derive(Debug, Clone)]
pub struct BlockdevSnapshot {
    /// The node that gets an overlay.
    pub node: String,
    /// The overlay: a node without a backing node.
    pub overlay: String,
}

/// The arguments of `blockdev-snapshot-sync`.
#[qapi_struct(since = "1.7")]
#[derive(Debug, Clone)]
pub struct BlockdevSnapshotSync {
    /// The name of a device. This program has no devices.
    pub device: Option<String>,
    /// The node that gets an overlay.
    #[qapi(since = "2.0")]
    pub node_name: Option<String>,
    /// The file of the overlay.
    pub snapshot_file: String,
    /// The name of the overlay. Required, as this program has no devices.
    #[qapi(since = "2.0")]
    pub snapshot_node_name: Option<String>,
    /// The format of the overlay; `qcow2` by default.
    pub format: Option<String>,
    /// Whether the image exists or is created; `absolute-paths` by default.
    pub mode: Option<NewImageMode>,
}

/// The arguments of `blockdev-snapshot-internal-sync`.
#[qapi_struct(since = "1.7")]
#[derive(Debug, Clone)]
pub struct BlockdevSnapshotInternal {
    /// The node.
    pub device: String,
    /// The name of the snapshot.
    pub name: String,
}
