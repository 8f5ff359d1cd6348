//! Buffers at addresses that direct I/O accepts.

/// The alignment of buffers in bytes: the size of a page, which is enough for all usual devices.
pub(crate) const BUFFER_ALIGNMENT: usize = 4096;

/// A buffer whose address is a multiple of an alignment.
#[derive(Debug)]
pub(crate) struct AlignedBuffer {
    bytes: Vec<u8>,
    /// The index of the first aligned byte.
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    /// A buffer of `length` zeroes at a multiple of [`BUFFER_ALIGNMENT`].
    pub(crate) fn new(length: usize) -> Self {
        Self::with_alignment(length, BUFFER_ALIGNMENT)
    }

    /// A buffer of `length` zeroes at a multiple of `alignment`, a power of two.
    pub(crate) fn with_alignment(length: usize, alignment: usize) -> Self {
        let bytes = vec![0; length + alignment - 1];
        let address = bytes.as_ptr().addr();
        let start = address.next_multiple_of(alignment) - address;
        AlignedBuffer { bytes, start, length }
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }

    /// The bytes, to change them.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}
