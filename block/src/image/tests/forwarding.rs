//! Tests of storages that forward requests: each request arrives once.

use std::fmt;
use std::io;
use std::sync::Arc;

use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::PreallocateMode;
use imago::storage::drivers::CommonStorageHelper;
use imago::{Storage as ImagoStorage, StorageExt};
use parking_lot::Mutex;

use crate::image::blkdebug::rules::Rules;
use crate::image::blkdebug::{BlkdebugStorage, EventStorage, Limits};
use crate::image::slice::StorageSlice;
use crate::image::storage::{BlockStorage, Storage};
use crate::image::watched::{WatchedStorage, WriteObserver};
use crate::options::BlockdevOptionsBlkdebug;

const SIZE: u64 = 1 << 20;

/// A storage without contents that records its requests.
#[derive(Debug, Default)]
struct Noting {
    asked: Mutex<Vec<&'static str>>,
    helper: CommonStorageHelper,
}

impl Noting {
    fn note(&self, what: &'static str) -> io::Result<()> {
        self.asked.lock().push(what);
        Ok(())
    }
}

impl fmt::Display for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("noting")
    }
}

impl BlockStorage for Noting {}

impl ImagoStorage for Noting {
    fn size(&self) -> io::Result<u64> {
        Ok(SIZE)
    }

    unsafe fn pure_readv(&self, _bufv: IoVectorMut<'_>, _offset: u64) -> io::Result<()> {
        self.note("read")
    }

    unsafe fn pure_writev(&self, _bufv: IoVector<'_>, _offset: u64) -> io::Result<()> {
        self.note("write")
    }

    unsafe fn pure_write_zeroes(&self, _offset: u64, _length: u64) -> io::Result<()> {
        self.note("write zeroes")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    unsafe fn invalidate_cache(&self) -> io::Result<()> {
        self.note("invalidate")
    }

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }

    fn resize(&self, _new_size: u64, _mode: PreallocateMode) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Indifferent;

impl WriteObserver for Indifferent {
    fn observe(
        &self,
        _offset: u64,
        _length: u64,
        _data: Option<&[u8]>,
        perform: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        perform()
    }
}

#[test]
fn every_storage_forwards_requests_unchanged() {
    let options = BlockdevOptionsBlkdebug::new("image".into());
    let rules = || Rules::new(&options).expect("there are none");
    let in_front: [(&str, &dyn Fn(Storage) -> Storage); 4] = [
        ("rules", &|inner| Storage::new(BlkdebugStorage::new(inner, rules(), Limits::default()))),
        ("events", &|inner| Storage::new(EventStorage::new(inner, Arc::new(rules())))),
        ("watched", &|inner| Storage::new(WatchedStorage::new(inner, Arc::new(Indifferent)))),
        ("slice", &|inner| Storage::new(StorageSlice::new(inner, 0, None))),
    ];
    for (name, put) in in_front {
        let behind = Arc::new(Noting::default());
        let storage = put(Arc::clone(&behind).into());
        storage.read(&mut [0; 512][..], 0).expect("nothing can fail");
        storage.write_zeroes(0, 4096).expect("nothing can fail");
        // SAFETY: nothing is cached, and no other user has the storage.
        unsafe { storage.invalidate_cache() }.expect("nothing can fail");
        assert_eq!(*behind.asked.lock(), ["read", "write zeroes", "invalidate"], "{name}");
    }
}
