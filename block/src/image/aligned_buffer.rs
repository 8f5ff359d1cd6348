//! Buffers at addresses that direct I/O accepts.

use std::ops::{Deref, DerefMut};

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
    pub fn new(length: usize) -> Self {
        Self::with_alignment(length, BUFFER_ALIGNMENT)
    }

    /// A buffer of `length` zeroes at a multiple of `alignment`, a power of two.
    pub(super) fn with_alignment(length: usize, alignment: usize) -> Self {
        let bytes = if length == 0 { Vec::new() } else { vec![0; length + alignment - 1] };
        let address = bytes.as_ptr().addr();
        let start = if length == 0 { 0 } else { address.next_multiple_of(alignment) - address };
        AlignedBuffer { bytes, alignment, start, length }
    }

    /// Changes the length. The contents are undefined if the buffer grows, and are not moved
    /// otherwise.
    pub fn resize(&mut self, length: usize) {
        if self.start + length > self.bytes.len() {
            *self = Self::with_alignment(length, self.alignment);
        }
        self.length = length;
    }
}

/// An empty buffer.
impl Default for AlignedBuffer {
    fn default() -> Self {
        Self::new(0)
    }
}

impl From<&[u8]> for AlignedBuffer {
    fn from(data: &[u8]) -> Self {
        let mut buffer = Self::new(data.len());
        buffer.copy_from_slice(data);
        buffer
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
            buffer.resize(length);
            assert_eq!(buffer.len(), length);
            assert!(length == 0 || buffer.as_ptr().addr().is_multiple_of(BUFFER_ALIGNMENT));
        }
        assert_eq!(&*AlignedBuffer::from(&b"data"[..]), b"data");
    }
}
