//! Tests of storages that forward requests: each request arrives once.

use std::fmt;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::image::blkdebug::rules::Rules;
use crate::image::blkdebug::{BlkdebugStorage, EventStorage, Limits};
use crate::image::extent::Extent;
use crate::image::slice::{SliceRange, StorageSlice};
use crate::image::storage::{BlockStorage, Preallocation, Storage, ZeroMode};
use crate::image::watched::{WatchedStorage, WriteObserver};
use crate::options::BlockdevOptionsBlkdebug;

const SIZE: u64 = 1 << 20;

/// A storage without contents that records its requests.
#[derive(Debug, Default)]
struct Recorder {
    requests: Mutex<Vec<&'static str>>,
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

impl BlockStorage for Recorder {
    fn size(&self) -> io::Result<u64> {
        self.record("size")?;
        Ok(SIZE)
    }

    fn read(&self, _offset: u64, _buffer: &mut [u8]) -> io::Result<()> {
        self.record("read")
    }

    fn write(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        self.record("write")
    }

    fn write_zeroes(&self, _offset: u64, _length: u64, mode: ZeroMode) -> io::Result<()> {
        self.record(match mode {
            ZeroMode::MayUnmap => "unmap",
            ZeroMode::Allocated => "write zeroes",
            ZeroMode::AllocatedAtOnce => "allocate zeroes",
        })
    }

    fn discard(&self, _offset: u64, _length: u64) -> io::Result<()> {
        self.record("discard")
    }

    fn flush(&self) -> io::Result<()> {
        self.record("flush")
    }

    fn sync(&self) -> io::Result<()> {
        self.record("sync")
    }

    fn resize(&self, _size: u64, _preallocation: Preallocation) -> io::Result<()> {
        self.record("resize")
    }

    fn extent(&self, _offset: u64, length: u64) -> io::Result<Extent> {
        self.record("extent")?;
        Ok(Extent { length, zero: false, allocated: true })
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
        ("slice", &|inner| Storage::new(StorageSlice::new(inner, SliceRange::default()))),
    ];
    for (name, put) in fronts {
        let inner_storage = Arc::new(Recorder::default());
        let storage = put(Arc::clone(&inner_storage).into());
        let requests = || -> io::Result<()> {
            storage.size()?;
            storage.read(0, &mut [0; 512])?;
            storage.write(0, &[0; 512])?;
            storage.write_zeroes(0, 4096)?;
            storage.write_allocated_zeroes(0, 4096)?;
            storage.discard(0, 4096)?;
            storage.flush()?;
            storage.sync()?;
            storage.resize(SIZE, Preallocation::Off)?;
            storage.extent(0, 4096)?;
            Ok(())
        };
        requests().expect("nothing can fail");
        let expected = [
            "size",
            "read",
            "write",
            "unmap",
            "write zeroes",
            "discard",
            "flush",
            "sync",
            "resize",
            "extent",
        ];
        assert_eq!(*inner_storage.requests.lock(), expected, "{name}");
    }
}
