//! What a mirror does about each write to its source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use block::copy::DirtyBitmap;
use block::error::Result;
use block::nodes::{Node, Write, WriteWatcher};

/// Sees the writes to the source of a mirror, and notes what is to be copied or copies it.
#[derive(Debug)]
pub(super) struct Follower {
    bitmap: Arc<DirtyBitmap>,
    target: Arc<Node>,
    /// Whether a write is done only when the target has it too.
    write_blocking: AtomicBool,
    /// Whether the target was the same as the source at some time, and nothing has come in
    /// between since.
    synced: AtomicBool,
}

impl Follower {
    pub(super) fn new(bitmap: Arc<DirtyBitmap>, target: Arc<Node>, write_blocking: bool) -> Self {
        let write_blocking = AtomicBool::new(write_blocking);
        Follower { bitmap, target, write_blocking, synced: AtomicBool::new(false) }
    }

    pub(super) fn is_write_blocking(&self) -> bool {
        self.write_blocking.load(Ordering::Relaxed)
    }

    /// Has all writes that begin from now on wait for the target.
    pub(super) fn block_writes(&self) {
        self.write_blocking.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Relaxed)
    }

    /// Notes that the target is the same as the source.
    pub(super) fn note_synced(&self) {
        self.synced.store(true, Ordering::Relaxed);
    }

    /// Copies a write as soon as it is made. What the target cannot take is left to the copy, and
    /// with it what to do about the error.
    fn write_both(
        &self,
        write: Write<'_>,
        perform: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let Write { offset, length, data } = write;
        let claim = self.bitmap.lock_range(offset, length);
        let written = perform();
        let copied = written.is_ok()
            && match data {
                Some(data) => self.target.write(offset, data),
                None => self.target.write_zeroes(offset, length),
            }
            .is_ok();
        if copied {
            claim.clean(offset, length);
        } else {
            self.synced.store(false, Ordering::Relaxed);
            self.bitmap.mark(offset, length);
        }
        written
    }
}

impl WriteWatcher for Follower {
    fn watch(&self, write: Write<'_>, perform: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if self.is_write_blocking() {
            return self.write_both(write, perform);
        }
        let written = perform();
        // A write that failed may have changed something all the same.
        self.bitmap.mark(write.offset, write.length);
        written
    }
}
