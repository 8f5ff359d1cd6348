//! How a mirror handles each write to its source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use block::copy::DirtyBitmap;
use block::error::Result;
use block::nodes::{Node, Write, WriteWatcher};

use crate::schema::block_job::MirrorCopyMode;

/// Watches the writes to the source of a mirror, and marks their ranges as dirty or copies the data
/// at once.
#[derive(Debug)]
pub(super) struct WriteFollower {
    bitmap: Arc<DirtyBitmap>,
    target: Arc<Node>,
    /// Whether writes are copied synchronously.
    write_blocking: AtomicBool,
    /// Whether the target was equal to the source at some time, and all later writes were copied
    /// synchronously.
    synced: AtomicBool,
}

impl WriteFollower {
    pub(super) fn new(
        bitmap: Arc<DirtyBitmap>,
        target: Arc<Node>,
        copy_mode: MirrorCopyMode,
    ) -> Self {
        let write_blocking = AtomicBool::new(copy_mode == MirrorCopyMode::WriteBlocking);
        WriteFollower { bitmap, target, write_blocking, synced: AtomicBool::new(false) }
    }

    pub(super) fn is_write_blocking(&self) -> bool {
        self.write_blocking.load(Ordering::Relaxed)
    }

    /// From now on, copies each new write synchronously.
    pub(super) fn block_writes(&self) {
        self.write_blocking.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Relaxed)
    }

    /// Records that the target equals the source.
    pub(super) fn set_synced(&self) {
        self.synced.store(true, Ordering::Relaxed);
    }

    /// Performs a write on both nodes. If one of the two writes fails, marks the range as dirty:
    /// the job copies the range later, and handles errors of that copy.
    fn write_both(
        &self,
        write: Write<'_>,
        perform: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let Write { offset, length, data } = write;
        let locked = self.bitmap.lock_range(offset, length);
        let written = perform();
        let copied = written.is_ok()
            && match data {
                Some(data) => self.target.write(offset, data),
                None => self.target.write_zeroes(offset, length),
            }
            .is_ok();
        if copied {
            locked.clean(offset, length);
        } else {
            self.synced.store(false, Ordering::Relaxed);
            self.bitmap.mark(offset, length);
        }
        written
    }
}

impl WriteWatcher for WriteFollower {
    fn watch(&self, write: Write<'_>, perform: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if self.is_write_blocking() {
            return self.write_both(write, perform);
        }
        let written = perform();
        // A failed write may have changed data.
        self.bitmap.mark(write.offset, write.length);
        written
    }
}
