//! `BlkdebugEvent`: the events that rules of a blkdebug node wait for.

use qapi_core::qapi_enum;

/// An event of a blkdebug node, which occurs before the step that it names unless stated otherwise.
///
/// This library raises `none`, `read_aio`, `read_backing_aio`, `read_compressed`, `write_aio`,
/// `write_compressed`, `flush_to_os`, `flush_to_disk`, `pwritev`, `pwritev_zero` and
/// `pwritev_done`. It refuses rules for the other events, as its images take other steps than
/// QEMU's.
#[qapi_enum(since = "2.9", prefix = "BLKDBG")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlkdebugEvent {
    /// A level 1 table is written.
    #[qapi(name = "l1_update", name_exception)]
    L1Update,
    /// A larger level 1 table is allocated.
    #[qapi(name = "l1_grow_alloc_table", name_exception)]
    L1GrowAllocTable,
    /// A larger level 1 table is written.
    #[qapi(name = "l1_grow_write_table", name_exception)]
    L1GrowWriteTable,
    /// A larger level 1 table replaces the smaller one.
    #[qapi(name = "l1_grow_activate_table", name_exception)]
    L1GrowActivateTable,
    /// A level 2 table is read.
    #[qapi(name = "l2_load", name_exception)]
    L2Load,
    /// A level 2 table is written.
    #[qapi(name = "l2_update", name_exception)]
    L2Update,
    /// A level 2 table is written for a compressed cluster.
    #[qapi(name = "l2_update_compressed", name_exception)]
    L2UpdateCompressed,
    /// A level 2 table that a snapshot shares is read for a copy.
    #[qapi(name = "l2_alloc_cow_read", name_exception)]
    L2AllocCowRead,
    /// A new level 2 table is written.
    #[qapi(name = "l2_alloc_write", name_exception)]
    L2AllocWrite,
    /// Data are read from the node.
    #[qapi(name = "read_aio", name_exception)]
    ReadAio,
    /// Data are read from the backing file.
    #[qapi(name = "read_backing_aio", name_exception)]
    ReadBackingAio,
    /// Compressed data are read from the node.
    #[qapi(name = "read_compressed", name_exception)]
    ReadCompressed,
    /// Data are written to the node.
    #[qapi(name = "write_aio", name_exception)]
    WriteAio,
    /// Compressed data are written to the node.
    #[qapi(name = "write_compressed", name_exception)]
    WriteCompressed,
    /// The state of a machine is read.
    #[qapi(name = "vmstate_load", name_exception)]
    VmstateLoad,
    /// The state of a machine is written.
    #[qapi(name = "vmstate_save", name_exception)]
    VmstateSave,
    /// Data around a write are read for copy-on-write.
    #[qapi(name = "cow_read", name_exception)]
    CowRead,
    /// Data around a write are written for copy-on-write.
    #[qapi(name = "cow_write", name_exception)]
    CowWrite,
    /// The refcount table is read.
    #[qapi(name = "reftable_load", name_exception)]
    ReftableLoad,
    /// The refcount table grows.
    #[qapi(name = "reftable_grow", name_exception)]
    ReftableGrow,
    /// The refcount table is written.
    #[qapi(name = "reftable_update", name_exception)]
    ReftableUpdate,
    /// A refcount block is read.
    #[qapi(name = "refblock_load", name_exception)]
    RefblockLoad,
    /// A refcount block is written.
    #[qapi(name = "refblock_update", name_exception)]
    RefblockUpdate,
    /// A part of a refcount block is written.
    #[qapi(name = "refblock_update_part", name_exception)]
    RefblockUpdatePart,
    /// A refcount block is allocated.
    #[qapi(name = "refblock_alloc", name_exception)]
    RefblockAlloc,
    /// A new refcount block is entered into the refcount table.
    #[qapi(name = "refblock_alloc_hookup", name_exception)]
    RefblockAllocHookup,
    /// A new refcount block is written.
    #[qapi(name = "refblock_alloc_write", name_exception)]
    RefblockAllocWrite,
    /// The refcount blocks of a larger refcount table are written.
    #[qapi(name = "refblock_alloc_write_blocks", name_exception)]
    RefblockAllocWriteBlocks,
    /// A larger refcount table is written.
    #[qapi(name = "refblock_alloc_write_table", name_exception)]
    RefblockAllocWriteTable,
    /// A larger refcount table replaces the smaller one.
    #[qapi(name = "refblock_alloc_switch_table", name_exception)]
    RefblockAllocSwitchTable,
    /// Clusters are allocated.
    #[qapi(name = "cluster_alloc", name_exception)]
    ClusterAlloc,
    /// A part of a cluster is allocated.
    #[qapi(name = "cluster_alloc_bytes", name_exception)]
    ClusterAllocBytes,
    /// Clusters are freed.
    #[qapi(name = "cluster_free", name_exception)]
    ClusterFree,
    /// The image above writes its caches to the node.
    #[qapi(name = "flush_to_os", name_exception)]
    FlushToOs,
    /// The image above flushes the node to the disk.
    #[qapi(name = "flush_to_disk", name_exception)]
    FlushToDisk,
    /// The unaligned head of a write is read.
    #[qapi(name = "pwritev_rmw_head", name_exception)]
    PwritevRmwHead,
    /// The unaligned head of a write has been read.
    #[qapi(name = "pwritev_rmw_after_head", name_exception)]
    PwritevRmwAfterHead,
    /// The unaligned tail of a write is read.
    #[qapi(name = "pwritev_rmw_tail", name_exception)]
    PwritevRmwTail,
    /// The unaligned tail of a write has been read.
    #[qapi(name = "pwritev_rmw_after_tail", name_exception)]
    PwritevRmwAfterTail,
    /// Data are written to the node, after alignment.
    Pwritev,
    /// Zeroes are written to the node.
    #[qapi(name = "pwritev_zero", name_exception)]
    PwritevZero,
    /// A write of data or zeroes has succeeded or failed.
    #[qapi(name = "pwritev_done", name_exception)]
    PwritevDone,
    /// An image is emptied.
    #[qapi(name = "empty_image_prepare", name_exception)]
    EmptyImagePrepare,
    /// A smaller level 1 table is written.
    #[qapi(name = "l1_shrink_write_table", name_exception, since = "2.11")]
    L1ShrinkWriteTable,
    /// Level 2 tables beyond a smaller level 1 table are freed.
    #[qapi(name = "l1_shrink_free_l2_clusters", name_exception, since = "2.11")]
    L1ShrinkFreeL2Clusters,
    /// Data from a backing file are written for copy-on-read.
    #[qapi(name = "cor_write", name_exception, since = "2.11")]
    CorWrite,
    /// Clusters are allocated in the file.
    #[qapi(name = "cluster_alloc_space", name_exception, since = "2.12")]
    ClusterAllocSpace,
    /// The node has been opened.
    #[qapi(since = "4.1")]
    None,
}
