//! Commands for nodes: names with exceptions, alternates, and unstable commands.

use block::options::blkdebug::BlockPermission;
use qapi_core::prelude::*;
use qapi_core::{Null, Result};

use super::not_served;

#[qapi_command(name = "block_resize", name_exception, allow_preconfig, since = "0.14")]
pub(crate) async fn block_resize(
    device: Option<&str>,
    node_name: Option<&str>,
    size: i64,
) -> Result<()> {
    let _ = (device, node_name, size);
    not_served()
}

#[qapi_struct(since = "2.5")]
pub(crate) struct BlockdevSnapshot {
    node: String,
    overlay: String,
}

#[qapi_command(
    boxed,
    features(allow_write_only_overlay = "The overlay may be open for writing alone."),
    allow_preconfig,
    since = "2.5"
)]
pub(crate) fn blockdev_snapshot(snapshot: &BlockdevSnapshot) -> Result<()> {
    let BlockdevSnapshot { .. } = snapshot;
    not_served()
}

#[qapi_struct(since = "2.4")]
pub(crate) struct BlockDirtyBitmap {
    node: String,
    name: String,
}

#[qapi_alternate(since = "4.1")]
pub(crate) enum BlockDirtyBitmapOrStr {
    Local(String),
    External(BlockDirtyBitmap),
}

#[qapi_struct(since = "4.0")]
pub(crate) struct BlockDirtyBitmapMerge {
    node: String,
    target: String,
    bitmaps: Vec<BlockDirtyBitmapOrStr>,
}

#[qapi_command(boxed, allow_preconfig, since = "4.0")]
pub(crate) fn block_dirty_bitmap_merge(merge: &BlockDirtyBitmapMerge) -> Result<()> {
    let BlockDirtyBitmapMerge { .. } = merge;
    not_served()
}

#[qapi_enum(since = "4.0")]
#[expect(clippy::enum_variant_names, reason = "clients know them so")]
pub(crate) enum XDbgBlockGraphNodeType {
    BlockBackend,
    BlockJob,
    BlockDriver,
}

#[qapi_struct(since = "4.0")]
pub(crate) struct XDbgBlockGraphNode {
    id: u64,
    r#type: XDbgBlockGraphNodeType,
    name: String,
}

#[qapi_struct(since = "4.0")]
pub(crate) struct XDbgBlockGraphEdge {
    parent: u64,
    child: u64,
    name: String,
    perm: Vec<BlockPermission>,
    shared_perm: Vec<BlockPermission>,
}

#[qapi_struct(since = "4.0")]
pub(crate) struct XDbgBlockGraph {
    nodes: Vec<XDbgBlockGraphNode>,
    edges: Vec<XDbgBlockGraphEdge>,
}

#[qapi_command(
    features(unstable = "It is for looking for mistakes."),
    allow_preconfig,
    since = "4.0"
)]
pub(crate) fn x_debug_query_block_graph() -> Result<XDbgBlockGraph> {
    not_served()
}

#[qapi_alternate(since = "2.10")]
pub(crate) enum StrOrNull {
    S(String),
    N(Null),
}

#[qapi_command(features(unstable), allow_preconfig, since = "2.12")]
pub(crate) fn x_blockdev_set_iothread(
    node_name: &str,
    iothread: StrOrNull,
    force: Option<bool>,
) -> Result<()> {
    let _ = (node_name, iothread, force);
    not_served()
}

#[qapi_event(since = "2.3")]
pub(crate) struct BlockWriteThreshold {
    node_name: String,
    amount_exceeded: u64,
    write_threshold: u64,
}

#[qapi_enum(since = "2.1")]
pub(crate) enum IoOperationType {
    Read,
    Write,
}

#[qapi_enum(since = "2.1")]
pub(crate) enum BlockErrorAction {
    Ignore,
    Report,
    Stop,
}

#[qapi_event(name = "BLOCK_IO_ERROR", rate_limit = "1s", key = "qom-path", since = "0.13")]
pub(crate) struct BlockIoError {
    #[qapi(since = "9.2")]
    qom_path: String,
    device: String,
    node_name: Option<String>,
    operation: IoOperationType,
    action: BlockErrorAction,
    nospace: Option<bool>,
    reason: String,
}

#[qapi_enum(since = "2.6")]
pub(crate) enum QuorumOpType {
    Read,
    Write,
    Flush,
}

#[qapi_event(rate_limit = "1s", key = "node-name", since = "2.0")]
pub(crate) struct QuorumReportBad {
    r#type: QuorumOpType,
    error: Option<String>,
    node_name: String,
    sector_num: i64,
    sectors_count: i64,
}
