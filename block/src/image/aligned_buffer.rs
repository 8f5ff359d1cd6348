//! Buffers at addresses that direct I/O accepts.

use std::io;
use std::ops::{Deref, DerefMut};

use super::memory::zeroed;

/// The alignment of buffers in bytes: the size of a page, which suffices for all usual devices.
pub const BUFFER_ALIGNMENT: usize = 4096;

/// A buffer whose address is a multiple of an alignment.
///
/// Direct I/O reads into such a buffer and writes from it without a copy, if the offset and the
/// length of the request are aligned too.
#[derive(Debug)]
pub struct AlignedBuffer {
    bytes: Vec<u8>,
    alignment: usize,
    /// The index of the first aligned byte.
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    /// A buffer of `length` zeroes at a multiple of [`BUFFER_ALIGNMENT`].
    ///
    /// # Errors
    /// ENOMEM.
    pub fn new(length: usize) -> io::Result<Self> {
        Self::with_alignment(length, BUFFER_ALIGNMENT)
    }

    /// A buffer of `length` zeroes at a multiple of `alignment`, a power of two.
    ///
    /// # Errors
    /// ENOMEM.
    pub(super) fn with_alignment(length: usize, alignment: usize) -> io::Result<Self> {
        let bytes: Vec<u8> =
            if length == 0 { Vec::new() } else { zeroed(length + alignment - 1)? };
        let address = bytes.as_ptr().addr();
        let start = if length == 0 { 0 } else { address.next_multiple_of(alignment) - address };
        Ok(AlignedBuffer { bytes, alignment, start, length })
    }

    /// Changes the length. The contents are undefined if the buffer grows, and are not moved
    /// otherwise.
    ///
    /// # Errors
    /// ENOMEM. The buffer is unchanged.
    pub fn resize(&mut self, length: usize) -> io::Result<()> {
        if self.start + length > self.bytes.len() {
            *self = Self::with_alignment(length, self.alignment)?;
        }
        self.length = length;
        Ok(())
    }
}

/// An empty buffer.
impl Default for AlignedBuffer {
    fn default() -> Self {
        AlignedBuffer { bytes: Vec::new(), alignment: BUFFER_ALIGNMENT, start: 0, length: 0 }
    }
}

impl TryFrom<&[u8]> for AlignedBuffer {
    type Error = io::Error;

    /// # Errors
    /// ENOMEM.
    fn try_from(data: &[u8]) -> io::Result<Self> {
        let mut buffer = Self::new(data.len())?;
        buffer.copy_from_slice(data);
        Ok(buffer)
    }
}

impl AsRef<[u8]> for AlignedBuffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for AlignedBuffer {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_at_every_length() {
        let mut buffer = AlignedBuffer::default();
        for length in [0, 1, 4096, 5000, 100, 1 << 20] {
            buffer.resize(length).expect("memory");
            assert_eq!(buffer.len(), length);
            assert!(length == 0 || buffer.as_ptr().addr().is_multiple_of(BUFFER_ALIGNMENT));
        }
        let copy = AlignedBuffer::try_from(&b"data"[..]).expect("memory");
        assert_eq!(&*copy, b"data");
        buffer.resize(isize::MAX as usize / 2).expect_err("more than the address space");
        assert_eq!(buffer.len(), 1 << 20, "it is unchanged");
    }
}
