//! The dirty bitmaps of nodes, as commands and actions of transactions name them.

use std::sync::Arc;

use block::error::Error;
use block::image::dirty_bitmaps::{BitmapChange, NewBitmap};
use block::nodes::{Graph, Node};
use qapi_core::Result;

use crate::messages;
use crate::schema::dirty_bitmap::{
    BlockDirtyBitmap, BlockDirtyBitmapAdd, BlockDirtyBitmapMerge, BlockDirtyBitmapOrStr,
};

/// The smallest granularity in bytes, which is that of QEMU.
const GRANULARITY_MIN: u32 = 512;

/// Adds a bitmap. Blocks.
///
/// # Errors
/// As for [`Node::add_bitmap`]; the node does not exist; the granularity is invalid, or the name
/// empty.
pub fn add(graph: &Graph, options: BlockDirtyBitmapAdd) -> Result<BitmapChange> {
    let BlockDirtyBitmapAdd { node, name, granularity, persistent, disabled } = options;
    if name.is_empty() {
        return Err(messages::bitmap_name_empty());
    }
    let node = graph.get(&node).ok_or_else(|| Error::no_device_or_node(&node))?;
    let granularity = match granularity {
        Some(given) if given < GRANULARITY_MIN || !given.is_power_of_two() => {
            return Err(messages::bitmap_granularity(GRANULARITY_MIN));
        }
        Some(given) => given.into(),
        None => node.bitmap_granularity(),
    };
    let (enabled, persistent) = (disabled != Some(true), persistent == Some(true));
    Ok(node.add_bitmap(NewBitmap { name, granularity, enabled, persistent })?)
}

/// Removes a bitmap. Blocks.
///
/// # Errors
/// As for [`Node::remove_bitmap`]; or the node does not exist.
pub fn remove(graph: &Graph, bitmap: &BlockDirtyBitmap) -> Result<BitmapChange> {
    Ok(node(graph, &bitmap.node)?.remove_bitmap(&bitmap.name)?)
}

/// Makes a bitmap clean.
///
/// # Errors
/// As for [`DirtyBitmaps::clear`](block::image::dirty_bitmaps::DirtyBitmaps::clear); or the node
/// does not exist.
pub fn clear(graph: &Graph, bitmap: &BlockDirtyBitmap) -> Result<BitmapChange> {
    Ok(node(graph, &bitmap.node)?.dirty_bitmaps().clear(&bitmap.name)?)
}

/// Begins or ends the recording of writes.
///
/// # Errors
/// As for [`DirtyBitmaps::enable`](block::image::dirty_bitmaps::DirtyBitmaps::enable); or the node
/// does not exist.
pub fn enable(graph: &Graph, bitmap: &BlockDirtyBitmap, enabled: bool) -> Result<BitmapChange> {
    Ok(node(graph, &bitmap.node)?.dirty_bitmaps().enable(&bitmap.name, enabled)?)
}

/// Adds the dirty ranges of bitmaps to another one.
///
/// # Errors
/// As for [`DirtyBitmaps::merge`](block::image::dirty_bitmaps::DirtyBitmaps::merge); a node does
/// not exist, or there is no bitmap to merge.
pub fn merge(graph: &Graph, options: &BlockDirtyBitmapMerge) -> Result<BitmapChange> {
    let target = node(graph, &options.node)?;
    if !target.dirty_bitmaps().has(&options.target) {
        return Err(Error::BitmapNotFound(options.target.clone()).into());
    }
    if options.bitmaps.is_empty() {
        return Err(messages::no_bitmaps_to_merge());
    }
    let source = |bitmap: &BlockDirtyBitmapOrStr| {
        let (node, name) = match bitmap {
            BlockDirtyBitmapOrStr::Local(name) => (Arc::clone(&target), name),
            BlockDirtyBitmapOrStr::External(other) => (node(graph, &other.node)?, &other.name),
        };
        Ok((Arc::clone(node.dirty_bitmaps()), name.clone()))
    };
    let sources: Vec<_> = options.bitmaps.iter().map(source).collect::<Result<_>>()?;
    Ok(target.dirty_bitmaps().merge(&options.target, &sources)?)
}

/// The checksum of a bitmap.
///
/// # Errors
/// The node or the bitmap does not exist.
pub fn sha256(graph: &Graph, bitmap: &BlockDirtyBitmap) -> Result<String> {
    Ok(node(graph, &bitmap.node)?.dirty_bitmaps().sha256(&bitmap.name)?)
}

fn node(graph: &Graph, name: &str) -> Result<Arc<Node>> {
    graph.get(name).ok_or_else(|| messages::node_not_found(name))
}
