//! A disk in memory that tests can delay and break.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use nbd::{DirtyRanges, Disk, Extent, ZeroOptions};

pub(crate) const MIB: u64 = 1 << 20;

/// A disk of 4 MiB. The second MiB reads as zeroes. Reads of the last MiB fail.
pub(crate) struct Memory {
    pub(crate) bytes: Mutex<Vec<u8>>,
    pub(crate) flushes: AtomicU64,
    /// Writes wait while this is true.
    pub(crate) closed: Mutex<bool>,
    pub(crate) opened: Condvar,
}

impl Memory {
    pub(crate) fn new() -> Arc<Self> {
        let mut bytes = vec![7; 4 * MIB as usize];
        bytes[MIB as usize..2 * MIB as usize].fill(0);
        Arc::new(Memory {
            bytes: Mutex::new(bytes),
            flushes: AtomicU64::new(0),
            closed: Mutex::new(false),
            opened: Condvar::new(),
        })
    }

    /// Lets writes wait, or go through.
    pub(crate) fn set_closed(&self, closed: bool) {
        *self.closed.lock().expect("no test panics") = closed;
        self.opened.notify_all();
    }
}

impl Disk for Memory {
    fn size(&self) -> io::Result<u64> {
        Ok(4 * MIB)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset + buffer.len() as u64 > 3 * MIB {
            return Err(io::Error::from_raw_os_error(5));
        }
        let bytes = self.bytes.lock().expect("no test panics");
        buffer.copy_from_slice(&bytes[offset as usize..][..buffer.len()]);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let closed = self.closed.lock().expect("no test panics");
        drop(self.opened.wait_while(closed, |closed| *closed).expect("no test panics"));
        assert!(data != b"panic", "a broken disk");
        self.bytes.lock().expect("no test panics")[offset as usize..][..data.len()]
            .copy_from_slice(data);
        Ok(())
    }

    fn write_zeroes(&self, offset: u64, length: u64, options: ZeroOptions) -> io::Result<()> {
        if options.fast_only {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.bytes.lock().expect("no test panics")[offset as usize..][..length as usize].fill(0);
        Ok(())
    }

    fn discard(&self, _offset: u64, _length: u64) -> io::Result<()> {
        // No space left on device.
        Err(io::Error::from_raw_os_error(28))
    }

    fn flush(&self) -> io::Result<()> {
        self.flushes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let zero = (MIB..2 * MIB).contains(&offset);
        let end = if offset < MIB { MIB } else { 2 * MIB };
        let known = if offset < 2 * MIB { end - offset } else { u64::MAX };
        Ok(Extent { length: known.min(length), zero, allocated: !zero })
    }
}

/// The first half of each MiB is dirty.
pub(crate) struct Halves;

impl DirtyRanges for Halves {
    fn dirty(&self, offset: u64, length: u64) -> (bool, u64) {
        let half = MIB / 2;
        ((offset / half).is_multiple_of(2), (half - offset % half).min(length))
    }
}
