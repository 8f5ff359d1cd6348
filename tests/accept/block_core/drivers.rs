//! Drivers: conditional values, members, branches and features, and values without a branch.

pub(crate) use block::options::OnOffAuto;
pub(crate) use block::options::drivers::Qcow2OverlapChecks;
use qapi_core::prelude::*;

#[qapi_enum(since = "2.9")]
#[derive(Clone, Copy)]
pub(crate) enum BlockdevDriver {
    Blkdebug,
    Blklogwrites,
    Blkreplay,
    Blkverify,
    Bochs,
    Cloop,
    Compress,
    CopyBeforeWrite,
    CopyOnRead,
    Dmg,
    File,
    SnapshotAccess,
    Ftp,
    Ftps,
    #[qapi(features(deprecated = "Its developers gave it up."))]
    Gluster,
    #[cfg(unix)]
    #[qapi(name = "host_cdrom", name_exception)]
    HostCdrom,
    #[cfg(unix)]
    #[qapi(name = "host_device", name_exception)]
    HostDevice,
    Http,
    Https,
    #[qapi(name = "io_uring", name_exception)]
    IoUring,
    Iscsi,
    Luks,
    Nbd,
    Nfs,
    NullAio,
    NullCo,
    Nvme,
    #[qapi(name = "nvme-io_uring", name_exception)]
    NvmeIoUring,
    Parallels,
    Preallocate,
    Qcow,
    Qcow2,
    Qed,
    Quorum,
    Raw,
    Rbd,
    #[cfg(unix)]
    Replication,
    Ssh,
    Throttle,
    Vdi,
    Vhdx,
    VirtioBlkVfioPci,
    VirtioBlkVhostUser,
    VirtioBlkVhostVdpa,
    Vmdk,
    Vpc,
    Vvfat,
    #[cfg(any())]
    Floppy,
}

#[qapi_struct(since = "4.2")]
pub(crate) struct BlockStatsSpecificFile {
    discard_nb_ok: u64,
    discard_nb_failed: u64,
    discard_bytes_ok: u64,
}

#[qapi_struct(since = "5.2")]
pub(crate) struct BlockStatsSpecificNvme {
    completion_errors: u64,
    aligned_accesses: u64,
    unaligned_accesses: u64,
}

#[qapi_union(discriminator = "driver", tag = BlockdevDriver, since = "4.2")]
pub(crate) enum BlockStatsSpecific {
    File(BlockStatsSpecificFile),
    #[cfg(unix)]
    HostDevice(BlockStatsSpecificFile),
    Nvme(BlockStatsSpecificNvme),
    Blkdebug,
    Blklogwrites,
    Blkreplay,
    Blkverify,
    Bochs,
    Cloop,
    Compress,
    CopyBeforeWrite,
    CopyOnRead,
    Dmg,
    SnapshotAccess,
    Ftp,
    Ftps,
    Gluster,
    #[cfg(unix)]
    HostCdrom,
    Http,
    Https,
    IoUring,
    Iscsi,
    Luks,
    Nbd,
    Nfs,
    NullAio,
    NullCo,
    NvmeIoUring,
    Parallels,
    Preallocate,
    Qcow,
    Qcow2,
    Qed,
    Quorum,
    Raw,
    Rbd,
    #[cfg(unix)]
    Replication,
    Ssh,
    Throttle,
    Vdi,
    Vhdx,
    VirtioBlkVfioPci,
    VirtioBlkVhostUser,
    VirtioBlkVhostVdpa,
    Vmdk,
    Vpc,
    Vvfat,
}

#[qapi_enum(since = "2.9")]
pub(crate) enum BlockdevAioOptions {
    Threads,
    Native,
    #[cfg(unix)]
    #[qapi(name = "io_uring", name_exception, since = "5.0")]
    IoUring,
}

#[qapi_struct(
    features(
        #[cfg(unix)]
        dynamic_auto_read_only = "It can be opened for writing later.",
        #[cfg(any())]
        dynamic_locks = "It can be locked later.",
    ),
    since = "2.9"
)]
pub(crate) struct BlockdevOptionsFile {
    filename: String,
    pr_manager: Option<String>,
    locking: Option<OnOffAuto>,
    aio: Option<BlockdevAioOptions>,
    aio_max_batch: Option<i64>,
    #[cfg(unix)]
    drop_cache: Option<bool>,
    #[cfg(any())]
    drop_locks: Option<bool>,
    #[qapi(features(unstable = "It is for tests alone."))]
    x_check_cache_dropped: Option<bool>,
}

#[qapi_enum(since = "2.12")]
#[derive(Clone, Copy)]
pub(crate) enum SshHostKeyCheckMode {
    None,
    Hash,
    #[qapi(name = "known_hosts", name_exception)]
    KnownHosts,
}

#[qapi_enum(since = "2.12")]
pub(crate) enum SshHostKeyCheckHashType {
    Md5,
    Sha1,
    Sha256,
}

#[qapi_struct(since = "2.12")]
pub(crate) struct SshHostKeyHash {
    r#type: SshHostKeyCheckHashType,
    hash: String,
}

#[qapi_union(discriminator = "mode", tag = SshHostKeyCheckMode, since = "2.12")]
pub(crate) enum SshHostKeyCheck {
    None,
    Hash(SshHostKeyHash),
    KnownHosts,
}

#[qapi_enum(prefix = "QAPI_ISCSI_HEADER_DIGEST", since = "2.9")]
pub(crate) enum IscsiHeaderDigest {
    Crc32c,
    None,
    Crc32cNone,
    NoneCrc32c,
}

#[qapi_enum(since = "2.12")]
pub(crate) enum BlockdevVmdkSubformat {
    #[qapi(name = "monolithicSparse", name_exception)]
    MonolithicSparse,
    #[qapi(name = "monolithicFlat", name_exception)]
    MonolithicFlat,
    #[qapi(name = "twoGbMaxExtentSparse", name_exception)]
    TwoGbMaxExtentSparse,
    #[qapi(name = "twoGbMaxExtentFlat", name_exception)]
    TwoGbMaxExtentFlat,
    #[qapi(name = "streamOptimized", name_exception)]
    StreamOptimized,
}

#[cfg(unix)]
#[qapi_struct(since = "7.2")]
pub(crate) struct BlockdevOptionsNvmeIoUring {
    path: String,
}
