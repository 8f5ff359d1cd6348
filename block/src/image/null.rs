//! A storage of zeroes, which ignores writes.

use std::fmt;
use std::io;

use super::storage::{BlockStorage, ZeroMode};

/// The storage of a null node: reads give zeroes, and writes are ignored.
#[derive(Debug)]
pub struct NullStorage {
    size: u64,
}

impl NullStorage {
    /// A storage of `size` bytes.
    pub fn new(size: u64) -> Self {
        NullStorage { size }
    }
}

impl fmt::Display for NullStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "null:[{}B]", self.size)
    }
}

impl BlockStorage for NullStorage {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read(&self, _offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0);
        Ok(())
    }

    fn write(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn write_zeroes(&self, _offset: u64, _length: u64, _mode: ZeroMode) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
