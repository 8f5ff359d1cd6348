//! `BlkdebugEvent`: what the rules of a node that fails on demand can wait for.

use qapi_core::qapi_enum;

/// What happens to a node, or is about to.
///
/// Rules can wait only for those that come here: `none`, `read_aio`, `read_backing_aio`,
/// `read_compressed`, `write_aio`, `write_compressed`, `flush_to_os`, `flush_to_disk`, `pwritev`,
/// `pwritev_zero` and `pwritev_done`. The others are of steps that images take differently here.
#[qapi_enum(since = "2.9", prefix = "BLKDBG")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlkdebugEvent {
    /// A level 1 table is written.
    #[qapi(name = "l1_update", name_exception)]
    L1Update,
    /// A larger level 1 table gets its place.
    #[qapi(name = "l1_grow_alloc_table", name_exception)]
    L1GrowAllocTable,
    /// A larger level 1 table is written.
    #[qapi(name = "l1_grow_write_table", name_exception)]
    L1GrowWriteTable,
    /// A larger level 1 table takes the place of the smaller one.
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
    /// A level 2 table that a snapshot shares is read to be copied.
    #[qapi(name = "l2_alloc_cow_read", name_exception)]
    L2AllocCowRead,
    /// A new level 2 table is written.
    #[qapi(name = "l2_alloc_write", name_exception)]
    L2AllocWrite,
    /// Data are read from the node.
    #[qapi(name = "read_aio", name_exception)]
    ReadAio,
    /// What a backing file shows is read.
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
    /// What surrounds a write is read to be copied.
    #[qapi(name = "cow_read", name_exception)]
    CowRead,
    /// What surrounds a write is written.
    #[qapi(name = "cow_write", name_exception)]
    CowWrite,
    /// The table of reference counts is read.
    #[qapi(name = "reftable_load", name_exception)]
    ReftableLoad,
    /// The table of reference counts grows.
    #[qapi(name = "reftable_grow", name_exception)]
    ReftableGrow,
    /// The table of reference counts is written.
    #[qapi(name = "reftable_update", name_exception)]
    ReftableUpdate,
    /// A block of reference counts is read.
    #[qapi(name = "refblock_load", name_exception)]
    RefblockLoad,
    /// A block of reference counts is written.
    #[qapi(name = "refblock_update", name_exception)]
    RefblockUpdate,
    /// A part of a block of reference counts is written.
    #[qapi(name = "refblock_update_part", name_exception)]
    RefblockUpdatePart,
    /// A block of reference counts gets its place.
    #[qapi(name = "refblock_alloc", name_exception)]
    RefblockAlloc,
    /// A new block of reference counts is entered into the table.
    #[qapi(name = "refblock_alloc_hookup", name_exception)]
    RefblockAllocHookup,
    /// A new block of reference counts is written.
    #[qapi(name = "refblock_alloc_write", name_exception)]
    RefblockAllocWrite,
    /// The blocks of a larger table of reference counts are written.
    #[qapi(name = "refblock_alloc_write_blocks", name_exception)]
    RefblockAllocWriteBlocks,
    /// A larger table of reference counts is written.
    #[qapi(name = "refblock_alloc_write_table", name_exception)]
    RefblockAllocWriteTable,
    /// A larger table of reference counts takes the place of the other.
    #[qapi(name = "refblock_alloc_switch_table", name_exception)]
    RefblockAllocSwitchTable,
    /// Clusters get their place.
    #[qapi(name = "cluster_alloc", name_exception)]
    ClusterAlloc,
    /// A part of a cluster gets its place.
    #[qapi(name = "cluster_alloc_bytes", name_exception)]
    ClusterAllocBytes,
    /// Clusters are given up.
    #[qapi(name = "cluster_free", name_exception)]
    ClusterFree,
    /// The image above gives all that it has in memory to the node.
    #[qapi(name = "flush_to_os", name_exception)]
    FlushToOs,
    /// The image above has all that was written made last.
    #[qapi(name = "flush_to_disk", name_exception)]
    FlushToDisk,
    /// What is before a write in its first unit is read.
    #[qapi(name = "pwritev_rmw_head", name_exception)]
    PwritevRmwHead,
    /// What is before a write in its first unit has been read.
    #[qapi(name = "pwritev_rmw_after_head", name_exception)]
    PwritevRmwAfterHead,
    /// What is after a write in its last unit is read.
    #[qapi(name = "pwritev_rmw_tail", name_exception)]
    PwritevRmwTail,
    /// What is after a write in its last unit has been read.
    #[qapi(name = "pwritev_rmw_after_tail", name_exception)]
    PwritevRmwAfterTail,
    /// The node is written.
    Pwritev,
    /// The node is made zero.
    #[qapi(name = "pwritev_zero", name_exception)]
    PwritevZero,
    /// The node has been written or made zero, or that failed.
    #[qapi(name = "pwritev_done", name_exception)]
    PwritevDone,
    /// An image is made empty.
    #[qapi(name = "empty_image_prepare", name_exception)]
    EmptyImagePrepare,
    /// A smaller level 1 table is written.
    #[qapi(name = "l1_shrink_write_table", name_exception, since = "2.11")]
    L1ShrinkWriteTable,
    /// The level 2 tables of a smaller level 1 table are given up.
    #[qapi(name = "l1_shrink_free_l2_clusters", name_exception, since = "2.11")]
    L1ShrinkFreeL2Clusters,
    /// What was read of a backing file is written.
    #[qapi(name = "cor_write", name_exception, since = "2.11")]
    CorWrite,
    /// Clusters are allocated in the file.
    #[qapi(name = "cluster_alloc_space", name_exception, since = "2.12")]
    ClusterAllocSpace,
    /// The node has been opened.
    #[qapi(since = "4.1")]
    None,
}
