//! A union with a nested union in one of its branches.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::nodes::{BlockdevDriver, BlockdevRef};

#[qapi_union(discriminator = "driver", tag = BlockdevDriver)]
pub(super) enum BlockdevCreateOptions {
    Blkdebug,
    Blklogwrites,
    File(BlockdevCreateOptionsFile),
    Nbd,
    NullCo,
    Qcow2(BlockdevCreateOptionsQcow2),
    Quorum,
    Raw,
    Vmdk(BlockdevCreateOptionsVmdk),
}

#[qapi_struct]
pub(super) struct BlockdevCreateOptionsFile {
    filename: String,
    size: u64,
    preallocation: Option<PreallocMode>,
    nocow: Option<bool>,
}

#[qapi_enum]
pub(super) enum PreallocMode {
    Off,
    Metadata,
    Falloc,
    Full,
}

#[qapi_struct]
pub(super) struct BlockdevCreateOptionsQcow2 {
    file: BlockdevRef,
    data_file: Option<BlockdevRef>,
    size: u64,
    version: Option<BlockdevQcow2Version>,
    backing_fmt: Option<BlockdevDriver>,
    encrypt: Option<QCryptoBlockCreateOptions>,
    cluster_size: Option<u64>,
    preallocation: Option<PreallocMode>,
    lazy_refcounts: Option<bool>,
    refcount_bits: Option<i64>,
}

#[qapi_enum]
pub(super) enum BlockdevQcow2Version {
    V2,
    V3,
}

#[qapi_union(discriminator = "format", tag = QCryptoBlockFormat)]
pub(super) enum QCryptoBlockCreateOptions {
    Qcow(QCryptoBlockOptionsQCow),
    Luks(QCryptoBlockOptionsLuks),
}

#[qapi_enum]
pub(super) enum QCryptoBlockFormat {
    Qcow,
    Luks,
}

#[qapi_struct]
pub(super) struct QCryptoBlockOptionsQCow {
    key_secret: Option<String>,
}

#[qapi_struct(name = "QCryptoBlockOptionsLUKS")]
pub(super) struct QCryptoBlockOptionsLuks {
    key_secret: Option<String>,
}

#[qapi_struct]
pub(super) struct BlockdevCreateOptionsVmdk {
    file: BlockdevRef,
    size: u64,
    extents: Option<Vec<BlockdevRef>>,
    backing_file: Option<String>,
}
