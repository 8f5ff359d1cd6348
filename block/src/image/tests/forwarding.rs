//! Tests of storages that forward requests: each request arrives once.

use std::fmt;
use std::io;
use std::sync::Arc;

use imago::Storage as ImagoStorage;
use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::PreallocateMode;
use imago::storage::drivers::CommonStorageHelper;
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
struct Recorder {
    requests: Mutex<Vec<&'static str>>,
    helper: CommonStorageHelper,
}

impl Recorder {
    fn record(&self, what: &'static str) -> io::Result<()> {
        self.requests.lock().push(what);
        Ok(())
    }
}

impl fmt::Display for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("recorder")
    }
}

impl BlockStorage for Recorder {}

impl ImagoStorage for Recorder {
    fn size(&self) -> io::Result<u64> {
        Ok(SIZE)
    }

    unsafe fn pure_readv(&self, _bufv: IoVectorMut<'_>, _offset: u64) -> io::Result<()> {
        self.record("read")
    }

    unsafe fn pure_writev(&self, _bufv: IoVector<'_>, _offset: u64) -> io::Result<()> {
        self.record("write")
    }

    unsafe fn pure_write_zeroes(&self, _offset: u64, _length: u64) -> io::Result<()> {
        self.record("write zeroes")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    unsafe fn invalidate_cache(&self) -> io::Result<()> {
        self.record("invalidate")
    }

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }

    fn resize(&self, _new_size: u64, _mode: PreallocateMode) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct PassThrough;

impl WriteObserver for PassThrough {
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
    let fronts: [(&str, &dyn Fn(Storage) -> Storage); 4] = [
        ("rules", &|inner| Storage::new(BlkdebugStorage::new(inner, rules(), Limits::default()))),
        ("events", &|inner| Storage::new(EventStorage::new(inner, Arc::new(rules())))),
        ("watched", &|inner| Storage::new(WatchedStorage::new(inner, Arc::new(PassThrough)))),
        ("slice", &|inner| Storage::new(StorageSlice::new(inner, 0, None))),
    ];
    for (name, put) in fronts {
        let inner_storage = Arc::new(Recorder::default());
        let storage = put(Arc::clone(&inner_storage).into());
        storage.read(0, &mut [0; 512]).expect("nothing can fail");
        storage.write_zeroes(0, 4096).expect("nothing can fail");
        // SAFETY: nothing is cached, and no other user has the storage.
        unsafe { storage.invalidate_cache() }.expect("nothing can fail");
        assert_eq!(
            *inner_storage.requests.lock(),
            ["read", "write zeroes", "invalidate"],
            "{name}"
        );
    }
}
