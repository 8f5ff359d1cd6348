//! The storage of a child, through which the image of a node reads and writes it. The child can be
//! replaced while the node is in use.

use std::fmt;
use std::io;
use std::sync::Arc;

use parking_lot::RwLock;

use super::inherit::Settings;
use super::watch::{WriteGuard, WriteLock};
use crate::image::blkdebug::rules::Rules;
use crate::image::extent::Extent;
use crate::image::storage::{BlockStorage, Preallocation, Storage, ZeroMode};
use crate::options::BlockdevDiscardOptions;

/// The storage of the current child of a node.
///
/// A write that is blocked while the child is replaced goes to the new child.
#[derive(Debug)]
pub(super) struct ChildStorage {
    current: RwLock<Arc<ChildLink>>,
}

/// The image of a child, the lock that writes to it take, and its settings.
#[derive(Debug)]
pub(super) struct ChildLink {
    pub(super) image: Storage,
    pub(super) writes: WriteLock,
    pub(super) settings: Arc<RwLock<Settings>>,
}

impl ChildStorage {
    pub(super) fn new(child: ChildLink) -> Arc<Self> {
        Arc::new(ChildStorage { current: RwLock::new(Arc::new(child)) })
    }

    /// Replaces the child for all later requests, and for writes that are blocked.
    pub(super) fn set(&self, child: ChildLink) {
        *self.current.write() = Arc::new(child);
    }

    fn link(&self) -> Arc<ChildLink> {
        Arc::clone(&self.current.read())
    }

    fn ignores_discards(&self) -> bool {
        self.link().settings.read().common.discard == BlockdevDiscardOptions::Ignore
    }

    /// Locks the writes of the current child, and makes a write to it.
    fn with_guard(
        &self,
        write: impl Fn(&WriteGuard<'_>, &Storage) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let link = self.link();
            let guard = link.writes.begin_write();
            if Arc::ptr_eq(&link, &self.link()) {
                return write(&guard, &link.image);
            }
        }
    }
}

impl fmt::Display for ChildStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.link().image.fmt(f)
    }
}

impl BlockStorage for ChildStorage {
    fn size(&self) -> io::Result<u64> {
        self.link().image.size()
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.link().image.read(offset, buffer)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let length = data.len() as u64;
        self.with_guard(|guard, image| {
            guard.observe(offset, length, Some(data), &mut || image.write(offset, data))
        })
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        self.with_guard(|guard, image| {
            guard.observe(offset, length, None, &mut || image.zero(offset, length, mode))
        })
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        if self.ignores_discards() {
            return Ok(());
        }
        self.with_guard(|guard, image| {
            let mut discard = || image.discard(offset, length);
            guard.observe_discard((offset, length), false, &mut discard)
        })
    }

    fn discard_to_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        let is_ignored = self.ignores_discards();
        self.with_guard(|guard, image| {
            let mut zero = || image.write_zeroes(offset, length);
            guard.observe_discard((offset, length), is_ignored, &mut zero)
        })
    }

    fn flush(&self) -> io::Result<()> {
        self.link().image.flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.link().image.sync()
    }

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        self.link().image.resize(size, preallocation)
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.link().image.extent(offset, length)
    }

    fn write_compressed(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let length = data.len() as u64;
        self.with_guard(|guard, image| {
            let mut write = || image.write_compressed(offset, data);
            guard.observe(offset, length, Some(data), &mut write)
        })
    }

    /// The visible contents do not change, so that no watcher sees the writes. They wait while the
    /// child is quiesced.
    fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        self.with_guard(|_guard, image| image.copy_on_read(offset, length))
    }

    fn cluster_size(&self) -> Option<u64> {
        self.link().image.cluster_size()
    }

    fn request_alignment(&self) -> u64 {
        self.link().image.request_alignment()
    }

    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        self.link().image.blkdebug_rules()
    }
}
