//! Information about images: recursive structs, unions in unions, and a union whose base contains
//! the discriminator.

use qapi_core::Size;
use qapi_core::prelude::*;

use super::encryption::{QCryptoBlockInfoLUKS, RbdImageEncryptionFormat};

#[qapi_struct(since = "1.3")]
pub(crate) struct SnapshotInfo {
    id: String,
    name: String,
    vm_state_size: i64,
    date_sec: i64,
    date_nsec: i64,
    vm_clock_sec: i64,
    vm_clock_nsec: i64,
    #[qapi(since = "5.2")]
    icount: Option<i64>,
}

#[qapi_enum(since = "2.10")]
pub(crate) enum BlockdevQcow2EncryptionFormat {
    Aes,
    Luks,
}

#[qapi_struct(since = "2.10")]
pub(crate) struct ImageInfoSpecificQCow2EncryptionBase {
    format: BlockdevQcow2EncryptionFormat,
}

/// The information for each form of encryption.
#[qapi_union(tag = BlockdevQcow2EncryptionFormat)]
pub(crate) enum ImageInfoSpecificQCow2EncryptionBranch {
    Aes,
    Luks(QCryptoBlockInfoLUKS),
}

#[qapi_union(discriminator = "format", since = "2.10")]
pub(crate) struct ImageInfoSpecificQCow2Encryption {
    #[qapi(base)]
    base: ImageInfoSpecificQCow2EncryptionBase,
    #[qapi(branches)]
    branch: ImageInfoSpecificQCow2EncryptionBranch,
}

#[qapi_enum(since = "4.0")]
pub(crate) enum Qcow2BitmapInfoFlags {
    InUse,
    Auto,
}

#[qapi_struct(since = "4.0")]
pub(crate) struct Qcow2BitmapInfo {
    name: String,
    granularity: u32,
    flags: Vec<Qcow2BitmapInfoFlags>,
}

#[qapi_enum(since = "5.1")]
pub(crate) enum Qcow2CompressionType {
    Zlib,
    #[cfg(unix)]
    Zstd,
    #[cfg(any())]
    Lz4,
}

#[qapi_struct(since = "1.7")]
pub(crate) struct ImageInfoSpecificQCow2 {
    compat: String,
    data_file: Option<String>,
    data_file_raw: Option<bool>,
    extended_l2: Option<bool>,
    lazy_refcounts: Option<bool>,
    corrupt: Option<bool>,
    refcount_bits: i64,
    encrypt: Option<ImageInfoSpecificQCow2Encryption>,
    bitmaps: Option<Vec<Qcow2BitmapInfo>>,
    compression_type: Qcow2CompressionType,
}

#[qapi_struct(since = "8.0")]
pub(crate) struct VmdkExtentInfo {
    filename: String,
    format: String,
    virtual_size: i64,
    cluster_size: Option<i64>,
    compressed: Option<bool>,
}

#[qapi_struct(since = "1.7")]
pub(crate) struct ImageInfoSpecificVmdk {
    create_type: String,
    cid: i64,
    parent_cid: i64,
    extents: Vec<VmdkExtentInfo>,
}

#[qapi_struct(since = "6.1")]
pub(crate) struct ImageInfoSpecificRbd {
    encryption_format: Option<RbdImageEncryptionFormat>,
}

#[qapi_struct(since = "8.0")]
pub(crate) struct ImageInfoSpecificFile {
    extent_size_hint: Option<Size>,
}

#[qapi_enum(since = "1.7")]
#[derive(Clone, Copy)]
pub(crate) enum ImageInfoSpecificKind {
    Qcow2,
    Vmdk,
    #[qapi(since = "2.7")]
    Luks,
    #[qapi(since = "6.1")]
    Rbd,
    #[qapi(since = "8.0")]
    File,
}

#[qapi_struct(since = "1.7")]
pub(crate) struct ImageInfoSpecificQCow2Wrapper {
    data: ImageInfoSpecificQCow2,
}

#[qapi_struct(since = "6.1")]
pub(crate) struct ImageInfoSpecificVmdkWrapper {
    data: ImageInfoSpecificVmdk,
}

#[qapi_struct(since = "2.7")]
pub(crate) struct ImageInfoSpecificLUKSWrapper {
    data: QCryptoBlockInfoLUKS,
}

#[qapi_struct(since = "6.1")]
pub(crate) struct ImageInfoSpecificRbdWrapper {
    data: ImageInfoSpecificRbd,
}

#[qapi_struct(since = "8.0")]
pub(crate) struct ImageInfoSpecificFileWrapper {
    data: ImageInfoSpecificFile,
}

#[qapi_union(discriminator = "type", tag = ImageInfoSpecificKind, since = "1.7")]
pub(crate) enum ImageInfoSpecific {
    Qcow2(ImageInfoSpecificQCow2Wrapper),
    Vmdk(ImageInfoSpecificVmdkWrapper),
    Luks(ImageInfoSpecificLUKSWrapper),
    Rbd(ImageInfoSpecificRbdWrapper),
    File(ImageInfoSpecificFileWrapper),
}

#[qapi_struct(since = "9.2")]
pub(crate) struct BlockLimitsInfo {
    request_alignment: u32,
    max_discard: Option<u64>,
    discard_alignment: Option<u32>,
    max_write_zeroes: Option<u64>,
    write_zeroes_alignment: Option<u32>,
    opt_transfer: Option<u32>,
    max_transfer: Option<u32>,
    max_hw_transfer: Option<u32>,
    max_iov: i64,
    max_hw_iov: Option<i64>,
    min_mem_alignment: Size,
    opt_mem_alignment: Size,
}

#[qapi_struct(since = "8.0")]
pub(crate) struct BlockNodeInfo {
    filename: String,
    format: String,
    dirty_flag: Option<bool>,
    actual_size: Option<i64>,
    virtual_size: i64,
    cluster_size: Option<i64>,
    encrypted: Option<bool>,
    compressed: Option<bool>,
    backing_filename: Option<String>,
    full_backing_filename: Option<String>,
    backing_filename_format: Option<String>,
    snapshots: Option<Vec<SnapshotInfo>>,
    limits: Option<BlockLimitsInfo>,
    format_specific: Option<ImageInfoSpecific>,
}

#[qapi_struct(since = "1.3")]
pub(crate) struct ImageInfo {
    #[qapi(base)]
    node: BlockNodeInfo,
    backing_image: Option<Box<ImageInfo>>,
}
