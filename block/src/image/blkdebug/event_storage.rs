//! Raw images on a blkdebug node, which report their events.

use std::fmt;
use std::io;
use std::sync::Arc;

use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::drivers::CommonStorageHelper;
use imago::{Storage as ImagoStorage, StorageExt};

use super::rules::Rules;
use crate::image::extent::Extent;
use crate::image::forward::{forward_alignment, forward_control};
use crate::image::storage::{BlockStorage, Storage};
use crate::options::blkdebug::BlkdebugEvent;

/// A storage that reports its requests to rules as events of an image.
#[derive(Debug)]
pub struct EventStorage {
    inner: Storage,
    rules: Arc<Rules>,
    helper: CommonStorageHelper,
}

impl EventStorage {
    /// Reports the requests to `inner` to rules.
    pub fn new(inner: Storage, rules: Arc<Rules>) -> Self {
        EventStorage { inner, rules, helper: CommonStorageHelper::default() }
    }

    /// The storage of a raw image in `file`, which reports the requests of the image to the rules
    /// of `file` if that has any.
    pub fn over(inner: Storage, file: &Storage) -> Storage {
        match file.blkdebug_rules() {
            Some(rules) => Storage::new(EventStorage::new(inner, rules)),
            None => inner,
        }
    }
}

impl fmt::Display for EventStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl BlockStorage for EventStorage {
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.inner.extent(offset, length)
    }
}

impl ImagoStorage for EventStorage {
    forward_alignment!(self => self.inner);

    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    unsafe fn pure_readv(&self, bufv: IoVectorMut<'_>, offset: u64) -> io::Result<()> {
        self.rules.on_event(BlkdebugEvent::ReadAio);
        self.inner.readv(bufv, offset)
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        self.rules.on_event(BlkdebugEvent::WriteAio);
        self.inner.writev(bufv, offset)
    }

    unsafe fn pure_write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.write_zeroes(offset, length)
    }

    unsafe fn pure_write_allocated_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.write_allocated_zeroes(offset, length)
    }

    unsafe fn pure_discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.inner.discard(offset, length)
    }

    fn flush(&self) -> io::Result<()> {
        self.rules.on_event(BlkdebugEvent::FlushToOs);
        self.inner.flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.rules.on_event(BlkdebugEvent::FlushToDisk);
        self.inner.sync()
    }

    forward_control!(self => self.inner);

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }
}
