//! `block-dirty-bitmap-*`: bitmaps of the ranges that were written since a point in time.

use block::nodes::Graph;
use qapi_core::{Result, qapi_command};

use crate::dirty_bitmaps;
use crate::schema::dirty_bitmap::{
    BlockDirtyBitmap, BlockDirtyBitmapAdd, BlockDirtyBitmapMerge, BlockDirtyBitmapSha256,
};

/// Adds a clean bitmap to a node.
///
/// # Errors
/// The node does not exist or cannot store the bitmap; the granularity is invalid; the name is
/// empty, too long or in use.
#[qapi_command(since = "2.4", boxed, allow_preconfig, blocking)]
pub fn block_dirty_bitmap_add(
    #[qapi(state)] graph: &Graph,
    options: BlockDirtyBitmapAdd,
) -> Result<()> {
    dirty_bitmaps::add(graph, options).map(drop)
}

/// Removes a bitmap, also from the image.
///
/// # Errors
/// The node or the bitmap does not exist; the bitmap is in use or read-only.
#[qapi_command(since = "2.4", boxed, allow_preconfig, blocking)]
pub fn block_dirty_bitmap_remove(
    #[qapi(state)] graph: &Graph,
    bitmap: BlockDirtyBitmap,
) -> Result<()> {
    dirty_bitmaps::remove(graph, &bitmap).map(drop)
}

/// Makes a bitmap clean.
///
/// # Errors
/// The node or the bitmap does not exist; the bitmap is in use, read-only or inconsistent.
#[qapi_command(since = "2.4", boxed, allow_preconfig, blocking)]
pub fn block_dirty_bitmap_clear(
    #[qapi(state)] graph: &Graph,
    bitmap: BlockDirtyBitmap,
) -> Result<()> {
    dirty_bitmaps::clear(graph, &bitmap).map(drop)
}

/// Lets a bitmap record writes.
///
/// # Errors
/// The node or the bitmap does not exist; the bitmap is in use or inconsistent.
#[qapi_command(since = "4.0", boxed, allow_preconfig, blocking)]
pub fn block_dirty_bitmap_enable(
    #[qapi(state)] graph: &Graph,
    bitmap: BlockDirtyBitmap,
) -> Result<()> {
    dirty_bitmaps::enable(graph, &bitmap, true).map(drop)
}

/// Lets a bitmap record no writes.
///
/// # Errors
/// As for `block-dirty-bitmap-enable`.
#[qapi_command(since = "4.0", boxed, allow_preconfig, blocking)]
pub fn block_dirty_bitmap_disable(
    #[qapi(state)] graph: &Graph,
    bitmap: BlockDirtyBitmap,
) -> Result<()> {
    dirty_bitmaps::enable(graph, &bitmap, false).map(drop)
}

/// Adds the dirty ranges of bitmaps to another one: those of all of them, or, after an error, of
/// none.
///
/// # Errors
/// A node or a bitmap does not exist; a bitmap is in use or inconsistent, or the target is
/// read-only; the sizes of the nodes differ.
#[qapi_command(since = "4.0", boxed, allow_preconfig, blocking)]
pub fn block_dirty_bitmap_merge(
    #[qapi(state)] graph: &Graph,
    options: BlockDirtyBitmapMerge,
) -> Result<()> {
    dirty_bitmaps::merge(graph, &options).map(drop)
}

/// Returns a checksum of the bits of a bitmap, for tests.
///
/// # Errors
/// The node or the bitmap does not exist.
#[qapi_command(
    name = "x-debug-block-dirty-bitmap-sha256",
    since = "2.10",
    boxed,
    features(unstable),
    allow_preconfig,
    blocking
)]
pub fn x_debug_block_dirty_bitmap_sha256(
    #[qapi(state)] graph: &Graph,
    bitmap: BlockDirtyBitmap,
) -> Result<BlockDirtyBitmapSha256> {
    let sha256 = dirty_bitmaps::sha256(graph, &bitmap)?;
    Ok(BlockDirtyBitmapSha256 { sha256 })
}
