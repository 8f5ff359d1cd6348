//! Raw images on a blkdebug node, which report their events.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::rules::Rules;
use crate::image::extent::Extent;
use crate::image::storage::{BlockStorage, Preallocation, Storage, ZeroMode};
use crate::options::blkdebug::BlkdebugEvent;

/// A storage that reports its requests to rules as events of an image.
#[derive(Debug)]
pub struct EventStorage {
    inner: Storage,
    rules: Arc<Rules>,
}

impl EventStorage {
    /// Reports the requests to `inner` to rules.
    pub fn new(inner: Storage, rules: Arc<Rules>) -> Self {
        EventStorage { inner, rules }
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
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.rules.on_event(BlkdebugEvent::ReadAio);
        self.inner.read(offset, buffer)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.rules.on_event(BlkdebugEvent::WriteAio);
        self.inner.write(offset, data)
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        self.inner.zero(offset, length, mode)
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
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

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        self.inner.resize(size, preallocation)
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.inner.extent(offset, length)
    }

    fn request_alignment(&self) -> u64 {
        self.inner.request_alignment()
    }
}
