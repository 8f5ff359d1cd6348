//! The branches of `BlockdevOptions`. They have structs with bases, lists of structs and of enums,
//! and an alternate of a struct and an enum.

use qapi_core::{qapi_alternate, qapi_enum, qapi_struct};

use super::nodes::{BlockdevRef, BlockdevRefOrNull};
use super::sockets::SocketAddress;

#[qapi_struct]
pub(super) struct BlockdevOptionsFile {
    filename: String,
    pr_manager: Option<String>,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsNull {
    size: Option<i64>,
    latency_ns: Option<u64>,
    read_zeroes: Option<bool>,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsGenericFormat {
    file: BlockdevRef,
}

#[qapi_struct(name = "BlockdevOptionsGenericCOWFormat")]
pub(super) struct BlockdevOptionsGenericCowFormat {
    #[qapi(base)]
    format: BlockdevOptionsGenericFormat,
    backing: Option<BlockdevRefOrNull>,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsRaw {
    #[qapi(base)]
    format: BlockdevOptionsGenericFormat,
    offset: Option<i64>,
    size: Option<i64>,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsQcow2 {
    #[qapi(base)]
    format: BlockdevOptionsGenericCowFormat,
    lazy_refcounts: Option<bool>,
    overlap_check: Option<Qcow2OverlapChecks>,
    cache_size: Option<i64>,
    l2_cache_size: Option<i64>,
}

#[qapi_alternate]
pub(super) enum Qcow2OverlapChecks {
    Flags(Qcow2OverlapCheckFlags),
    Mode(Qcow2OverlapCheckMode),
}

#[qapi_enum]
pub(super) enum Qcow2OverlapCheckMode {
    None,
    Constant,
    Cached,
    All,
}

#[qapi_struct]
pub(super) struct Qcow2OverlapCheckFlags {
    template: Option<Qcow2OverlapCheckMode>,
    main_header: Option<bool>,
    active_l1: Option<bool>,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsQuorum {
    blkverify: Option<bool>,
    children: Vec<BlockdevRef>,
    vote_threshold: i64,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsBlklogwrites {
    file: BlockdevRef,
    log: BlockdevRef,
    log_sector_size: Option<u32>,
    log_append: Option<bool>,
    log_super_update_interval: Option<u64>,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsNbd {
    server: SocketAddress,
    export: Option<String>,
    reconnect_delay: Option<u32>,
    open_timeout: Option<u32>,
}

#[qapi_struct]
pub(super) struct BlockdevOptionsBlkdebug {
    image: BlockdevRef,
    config: Option<String>,
    align: Option<i64>,
    max_transfer: Option<i32>,
    inject_error: Option<Vec<BlkdebugInjectErrorOptions>>,
    set_state: Option<Vec<BlkdebugSetStateOptions>>,
    take_child_perms: Option<Vec<BlockPermission>>,
    unshare_child_perms: Option<Vec<BlockPermission>>,
}

#[qapi_struct]
pub(super) struct BlkdebugInjectErrorOptions {
    event: BlkdebugEvent,
    state: Option<i64>,
    errno: Option<i64>,
    sector: Option<i64>,
    once: Option<bool>,
}

#[qapi_struct]
pub(super) struct BlkdebugSetStateOptions {
    event: BlkdebugEvent,
    state: Option<i64>,
    #[qapi(name = "new_state", name_exception)]
    new_state: i64,
}

#[qapi_enum]
pub(super) enum BlkdebugEvent {
    #[qapi(name = "read_aio", name_exception)]
    ReadAio,
    #[qapi(name = "write_aio", name_exception)]
    WriteAio,
    None,
}

#[qapi_enum]
pub(super) enum BlockPermission {
    ConsistentRead,
    Write,
    WriteUnchanged,
    Resize,
}
