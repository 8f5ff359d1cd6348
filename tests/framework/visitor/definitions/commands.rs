//! The commands. Their arguments are listed, or are the members of a struct or a union.

#![allow(unused_variables, reason = "the functions do nothing with their arguments")]

use qapi_core::{Null, qapi_alternate, qapi_command, qapi_enum, qapi_struct};
use serde_json::Value;

use super::actions::{
    BlockDirtyBitmapAdd, BlockDirtyBitmapMerge, BlockdevBackup, TransactionAction,
    TransactionProperties,
};
use super::backends::{BlockExportOptions, BlockJobChangeOptions, ChardevBackend, ObjectOptions};
use super::create::BlockdevCreateOptions;
use super::nodes::BlockdevOptions;
use super::sockets::SocketAddressLegacy;

#[qapi_enum]
pub(super) enum BlockdevOnError {
    Report,
    Ignore,
    Enospc,
    Stop,
    Auto,
}

#[qapi_enum]
pub(super) enum MirrorSyncMode {
    Top,
    Full,
    None,
}

#[qapi_enum]
pub(super) enum MirrorCopyMode {
    Background,
    WriteBlocking,
}

#[qapi_enum]
pub(super) enum DataFormat {
    Utf8,
    Base64,
}

#[qapi_alternate]
pub(super) enum StrOrNull {
    S(String),
    N(Null),
}

#[qapi_struct]
pub(super) struct BlockStream {
    job_id: Option<String>,
    device: String,
    base: Option<String>,
    speed: Option<i64>,
    on_error: Option<BlockdevOnError>,
    auto_finalize: Option<bool>,
    auto_dismiss: Option<bool>,
}

#[qapi_command(boxed)]
pub(super) fn block_stream(arguments: BlockStream) {}

#[qapi_struct]
pub(super) struct BlockdevMirror {
    job_id: Option<String>,
    device: String,
    target: String,
    sync: MirrorSyncMode,
    speed: Option<i64>,
    granularity: Option<u32>,
    on_source_error: Option<BlockdevOnError>,
    copy_mode: Option<MirrorCopyMode>,
    auto_dismiss: Option<bool>,
}

#[qapi_command(boxed)]
pub(super) fn blockdev_mirror(arguments: BlockdevMirror) {}

#[qapi_command(boxed)]
pub(super) fn blockdev_backup(arguments: BlockdevBackup) {}

#[qapi_command(boxed)]
pub(super) fn blockdev_add(arguments: BlockdevOptions) {}

#[qapi_command]
pub(super) fn blockdev_reopen(options: Vec<BlockdevOptions>) {}

#[qapi_command]
pub(super) fn blockdev_create(job_id: &str, options: &BlockdevCreateOptions) {}

#[qapi_command]
pub(super) fn blockdev_snapshot(node: &str, overlay: &str) {}

#[qapi_command(boxed)]
pub(super) fn block_dirty_bitmap_add(arguments: BlockDirtyBitmapAdd) {}

#[qapi_command(boxed)]
pub(super) fn block_dirty_bitmap_merge(arguments: BlockDirtyBitmapMerge) {}

#[qapi_command]
pub(super) fn block_set_write_threshold(node_name: &str, write_threshold: u64) {}

#[qapi_command(name = "block_resize", name_exception)]
pub(super) fn block_resize(device: Option<&str>, node_name: Option<&str>, size: i64) {}

#[qapi_command]
pub(super) fn block_job_set_speed(device: &str, speed: i64) {}

#[qapi_command(boxed)]
pub(super) fn block_job_change(arguments: BlockJobChangeOptions) {}

#[qapi_command]
pub(super) fn transaction(
    actions: &[TransactionAction],
    properties: Option<TransactionProperties>,
) {
}

#[qapi_command]
pub(super) fn ringbuf_read(device: &str, size: i64, format: Option<DataFormat>) {}

#[qapi_command]
pub(super) fn nbd_server_start(addr: SocketAddressLegacy, max_connections: Option<u32>) {}

#[qapi_command]
pub(super) fn x_blockdev_set_iothread(node_name: &str, iothread: StrOrNull, force: Option<bool>) {
}

#[qapi_command]
pub(super) fn qom_set(path: &str, property: &str, value: Value) {}

#[qapi_command(boxed)]
pub(super) fn object_add(arguments: ObjectOptions) {}

#[qapi_command(boxed)]
pub(super) fn block_export_add(arguments: BlockExportOptions) {}

#[qapi_command]
pub(super) fn chardev_add(id: &str, backend: ChardevBackend) {}

#[qapi_command]
pub(super) fn query_block_exports() {}

#[qapi_command]
pub(super) fn query_named_block_nodes(flat: Option<bool>) {}
