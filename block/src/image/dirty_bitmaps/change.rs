//! Changes of bitmaps that can be undone, for transactions.

use std::sync::Arc;

use super::DirtyBitmaps;
use super::bits::Bits;

/// How a change is undone.
#[derive(Debug)]
pub(super) enum Undo {
    /// Removes a new bitmap.
    Remove,
    /// Keeps a bitmap that is being removed.
    Keep,
    /// Restores the bits.
    Restore(Bits),
    /// Restores whether writes are recorded.
    Enable(bool),
}

/// A change of a bitmap. It is final once this is dropped.
#[derive(Debug)]
#[must_use = "the change is final once this is dropped"]
pub struct BitmapChange {
    bitmaps: Arc<DirtyBitmaps>,
    id: u64,
    /// `None` once the change is undone.
    undo: Option<Undo>,
}

impl BitmapChange {
    pub(super) fn new(bitmaps: &Arc<DirtyBitmaps>, id: u64, undo: Undo) -> Self {
        BitmapChange { bitmaps: Arc::clone(bitmaps), id, undo: Some(undo) }
    }

    /// Undoes the change. Later changes of the same bitmap must be undone before.
    pub fn undo(mut self) {
        let Some(undo) = self.undo.take() else { return };
        self.bitmaps.change(|list| {
            if let Undo::Remove = undo {
                list.bitmaps.retain(|bitmap| bitmap.id != self.id);
                return;
            }
            let Some(bitmap) = list.by_id(self.id) else { return };
            match undo {
                Undo::Restore(bits) => bitmap.bits = bits,
                Undo::Enable(enabled) => bitmap.enabled = enabled,
                Undo::Keep => {
                    bitmap.busy = false;
                    // The image has lost it.
                    bitmap.is_changed = true;
                }
                Undo::Remove => {}
            }
        });
    }
}

impl Drop for BitmapChange {
    fn drop(&mut self) {
        if let Some(Undo::Keep) = self.undo {
            self.bitmaps.change(|list| list.bitmaps.retain(|bitmap| bitmap.id != self.id));
        }
    }
}
