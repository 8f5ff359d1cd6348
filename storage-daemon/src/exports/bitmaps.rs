//! Bitmaps that exports show to clients.

use std::sync::Arc;

use block::image::dirty_bitmaps::{BusyBitmap, DirtyBitmaps};
use block::nodes::{Graph, Node};
use nbd::DirtyRanges;
use qapi_core::Result;

use super::messages;
use crate::schema::dirty_bitmap::BlockDirtyBitmapOrStr;

/// A bitmap that an export reserves.
struct ExportedBitmap(BusyBitmap);

impl DirtyRanges for ExportedBitmap {
    fn dirty(&self, offset: u64, length: u64) -> (bool, u64) {
        self.0.status(offset, length)
    }
}

/// The dirty ranges of a bitmap, and the name that clients see.
pub(super) type NamedRanges = (String, Arc<dyn DirtyRanges>);

/// Reserves bitmaps for an export of a node. A bitmap that the list contains twice is shown twice.
///
/// # Errors
/// A bitmap does not exist, or cannot be used.
pub(super) fn reserve(
    graph: &Graph,
    node: &Arc<Node>,
    bitmaps: &[BlockDirtyBitmapOrStr],
    writable: bool,
) -> Result<Vec<NamedRanges>> {
    let mut found: Vec<(Arc<DirtyBitmaps>, &str)> = Vec::new();
    for bitmap in bitmaps {
        let (node, name) = match bitmap {
            BlockDirtyBitmapOrStr::Local(name) => (in_chain(node, name)?, name),
            BlockDirtyBitmapOrStr::External(bitmap) => {
                let node = graph.get(&bitmap.node);
                (node.ok_or_else(|| crate::messages::node_not_found(&bitmap.node))?, &bitmap.name)
            }
        };
        let bitmaps = node.dirty_bitmaps();
        bitmaps.check(name, false)?;
        if !writable && !node.is_read_only() && bitmaps.is_enabled(name)? {
            return Err(messages::export_bitmap_enabled(name));
        }
        found.push((Arc::clone(bitmaps), name));
    }
    let mut reserved: Vec<NamedRanges> = Vec::new();
    for (position, (bitmaps, name)) in found.iter().enumerate() {
        let is_same = |other: &(Arc<DirtyBitmaps>, &str)| {
            Arc::ptr_eq(&other.0, bitmaps) && other.1 == *name
        };
        let known = found[..position].iter().position(is_same);
        let ranges: Arc<dyn DirtyRanges> = match known {
            Some(known) => Arc::clone(&reserved[known].1),
            None => Arc::new(ExportedBitmap(bitmaps.reserve(name)?)),
        };
        reserved.push(((*name).to_owned(), ranges));
    }
    Ok(reserved)
}

/// The first node of a backing chain that has a bitmap of this name.
fn in_chain(node: &Arc<Node>, name: &str) -> Result<Arc<Node>> {
    let mut next = Some(Arc::clone(node));
    while let Some(node) = next {
        if node.dirty_bitmaps().has(name) {
            return Ok(node);
        }
        next = node.backing();
    }
    Err(messages::export_bitmap_not_found(name))
}
