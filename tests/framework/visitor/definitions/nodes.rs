//! `BlockdevOptions`: a union whose branches refer to the union itself, directly, in lists and in
//! alternates.

use qapi_core::{Null, qapi_alternate, qapi_enum, qapi_struct, qapi_union};

use super::drivers::{
    BlockdevOptionsBlkdebug, BlockdevOptionsBlklogwrites, BlockdevOptionsFile,
    BlockdevOptionsGenericCowFormat, BlockdevOptionsNbd, BlockdevOptionsNull,
    BlockdevOptionsQcow2, BlockdevOptionsQuorum, BlockdevOptionsRaw,
};

#[qapi_enum]
pub(super) enum BlockdevDriver {
    Blkdebug,
    Blklogwrites,
    File,
    Nbd,
    NullCo,
    Qcow2,
    Quorum,
    Raw,
    Vmdk,
}

#[qapi_union]
pub(super) struct BlockdevOptions {
    #[qapi(discriminator)]
    driver: BlockdevDriverOptions,
    node_name: Option<String>,
    discard: Option<BlockdevDiscardOptions>,
    cache: Option<BlockdevCacheOptions>,
    active: Option<bool>,
    read_only: Option<bool>,
    auto_read_only: Option<bool>,
    force_share: Option<bool>,
    detect_zeroes: Option<BlockdevDetectZeroesOptions>,
}

#[qapi_union(tag = BlockdevDriver)]
pub(super) enum BlockdevDriverOptions {
    Blkdebug(BlockdevOptionsBlkdebug),
    Blklogwrites(BlockdevOptionsBlklogwrites),
    File(BlockdevOptionsFile),
    Nbd(BlockdevOptionsNbd),
    NullCo(BlockdevOptionsNull),
    Qcow2(BlockdevOptionsQcow2),
    Quorum(BlockdevOptionsQuorum),
    Raw(BlockdevOptionsRaw),
    Vmdk(BlockdevOptionsGenericCowFormat),
}

#[qapi_alternate]
pub(super) enum BlockdevRef {
    Definition(Box<BlockdevOptions>),
    Reference(String),
}

#[qapi_alternate]
pub(super) enum BlockdevRefOrNull {
    Definition(Box<BlockdevOptions>),
    Reference(String),
    Null(Null),
}

#[qapi_enum]
pub(super) enum BlockdevDiscardOptions {
    Ignore,
    Unmap,
}

#[qapi_enum]
pub(super) enum BlockdevDetectZeroesOptions {
    Off,
    On,
    Unmap,
}

#[qapi_struct]
pub(super) struct BlockdevCacheOptions {
    direct: Option<bool>,
    no_flush: Option<bool>,
}
