//! The dirty bitmaps of a node: which ranges were written since a point in time.
//!
//! Incremental backups, exports and other programs read them. Those of a qcow2 image can be
//! persistent: [`qcow2::bitmaps`](super::qcow2::bitmaps) loads and stores them.

pub(crate) mod bitmap;
pub(crate) mod bits;
mod busy;
mod change;
mod verbs;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::error::{Error, Result};
pub use bitmap::DirtyBitmapInfo;
use bitmap::{Bitmap, StoredBitmap};
pub use busy::BusyBitmap;
pub use change::BitmapChange;
pub use verbs::NewBitmap;

/// The largest memory that the bits of a node take, in bytes. Ranges of pages that are all dirty or
/// all clean take none, so this is enough for 32 TiB of alternating blocks of 64 KiB.
pub(crate) const MEMORY_MAX: u64 = 64 << 20;
/// The largest number of bitmaps of a node: QEMU's limit for an image.
pub(crate) const BITMAPS_MAX: usize = 65535;
/// QEMU's limit for the length of a name in bytes.
pub(crate) const NAME_MAX: usize = 1023;

/// The dirty bitmaps of a node.
#[derive(Default)]
pub struct DirtyBitmaps {
    list: Mutex<List>,
    /// Whether a bitmap records writes. Saves the lock for nodes without bitmaps.
    records: AtomicBool,
}

/// The bitmaps from the oldest to the newest.
#[derive(Debug, Default)]
struct List {
    bitmaps: Vec<Bitmap>,
    next_id: u64,
}

impl List {
    fn find(&mut self, name: &str) -> Result<&mut Bitmap> {
        let found = self.bitmaps.iter_mut().find(|bitmap| bitmap.name == name);
        found.ok_or_else(|| Error::BitmapNotFound(name.to_owned()))
    }

    fn by_id(&mut self, id: u64) -> Option<&mut Bitmap> {
        self.bitmaps.iter_mut().find(|bitmap| bitmap.id == id)
    }

    /// Adds a bitmap and returns its number.
    fn push(&mut self, bitmap: Bitmap) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.bitmaps.push(Bitmap { id, ..bitmap });
        id
    }

    /// Gives up the largest bitmaps if the bits take too much memory. Persistent ones stay marked
    /// as in use in the image, so that other programs see that they are inconsistent.
    fn limit_memory(&mut self) {
        loop {
            let memory: u64 = self.bitmaps.iter().map(Bitmap::memory).sum();
            if memory <= MEMORY_MAX {
                return;
            }
            let Some(largest) = self.bitmaps.iter_mut().max_by_key(|bitmap| bitmap.memory())
            else {
                return;
            };
            tracing::error!(bitmap = largest.name, "too many dirty ranges for a bitmap");
            largest.give_up();
        }
    }
}

impl DirtyBitmaps {
    /// Runs `work` with the bitmaps, under their lock.
    fn change<T>(&self, work: impl FnOnce(&mut List) -> T) -> T {
        let mut list = self.list.lock();
        let result = work(&mut list);
        list.limit_memory();
        let records = list.bitmaps.iter().any(|bitmap| bitmap.enabled);
        self.records.store(records, Ordering::Release);
        result
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock()
    }

    /// Records a write, whose end may be that of a file that has grown.
    pub(crate) fn record(&self, offset: u64, length: u64, has_grown: bool) {
        if length == 0 || !self.records.load(Ordering::Acquire) {
            return;
        }
        let range = offset..offset.saturating_add(length);
        let mut list = self.list.lock();
        for bitmap in &mut list.bitmaps {
            if has_grown && range.end > bitmap.size {
                bitmap.resize(range.end);
            }
            bitmap.record(&range);
        }
        list.limit_memory();
    }

    /// The bitmaps, the newest first.
    pub fn infos(&self) -> Vec<DirtyBitmapInfo> {
        self.lock().bitmaps.iter().rev().flat_map(Bitmap::infos).collect()
    }

    /// Follows a change of the size of the node.
    pub(crate) fn resize(&self, size: u64) {
        self.change(|list| list.bitmaps.iter_mut().for_each(|bitmap| bitmap.resize(size)));
    }

    /// Adds the bitmaps of an image, the first one of the image first.
    pub(crate) fn add_loaded(&self, loaded: Vec<Bitmap>) {
        self.change(|list| {
            for bitmap in loaded {
                list.push(bitmap);
            }
        });
    }

    /// Removes the persistent bitmaps of an image that another program may write now.
    pub(crate) fn forget_persistent(&self) {
        self.change(|list| list.bitmaps.retain(|bitmap| !bitmap.persistent));
    }

    /// Whether the persistent bitmaps may be modified: those of an image that is open read-only may
    /// not.
    pub(crate) fn set_read_only(&self, read_only: bool) {
        let mut list = self.lock();
        let persistent = list.bitmaps.iter_mut().filter(|bitmap| bitmap.persistent);
        persistent.for_each(|bitmap| bitmap.read_only = read_only);
    }

    /// Copies of the consistent persistent bitmaps, the newest first, to be stored. Requests do not
    /// wait until they are written.
    pub(crate) fn to_store(&self) -> Vec<StoredBitmap> {
        let list = self.lock();
        let stored = |bitmap: &&Bitmap| bitmap.persistent && !bitmap.inconsistent;
        list.bitmaps.iter().rev().filter(stored).map(Bitmap::to_store).collect()
    }

    /// The persistent bitmaps have been stored.
    pub(crate) fn mark_stored(&self) {
        let mut list = self.lock();
        let stored = list.bitmaps.iter_mut().filter(|one| one.persistent && !one.inconsistent);
        stored.for_each(|bitmap| bitmap.is_changed = false);
    }

    /// Calls `work` with each persistent bitmap, the newest first.
    pub(crate) fn for_each_persistent<E>(
        &self,
        mut work: impl FnMut(&Bitmap) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let list = self.lock();
        let persistent = |bitmap: &&Bitmap| bitmap.persistent;
        list.bitmaps.iter().rev().filter(persistent).try_for_each(&mut work)
    }
}

impl fmt::Debug for DirtyBitmaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirtyBitmaps").finish_non_exhaustive()
    }
}
