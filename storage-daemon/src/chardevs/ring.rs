//! The contents of a ring buffer.

use std::collections::VecDeque;

/// The last bytes that were written, up to a number of them.
#[derive(Debug)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    size: usize,
}

impl Ring {
    pub(super) fn new(size: usize) -> Self {
        Ring { bytes: VecDeque::new(), size }
    }

    /// The most bytes that it contains.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Appends bytes. They replace the oldest ones if there are too many.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let last = &bytes[bytes.len().saturating_sub(self.size)..];
        let excess = (self.bytes.len() + last.len()).saturating_sub(self.size);
        self.bytes.drain(..excess);
        self.bytes.extend(last);
    }

    /// Removes up to `most` of the oldest bytes.
    pub(super) fn read(&mut self, most: usize) -> Vec<u8> {
        let read = self.bytes.drain(..most.min(self.bytes.len())).collect();
        if self.bytes.is_empty() {
            // The memory of a large message is not needed any more.
            self.bytes = VecDeque::new();
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_bytes_remain() {
        let table: [(&[&str], &str); 6] = [
            (&[], ""),
            (&["ab"], "ab"),
            (&["ab", "cd"], "abcd"),
            (&["ab", "cde"], "bcde"),
            (&["abcdef"], "cdef"),
            (&["a", "bcdefg"], "defg"),
        ];
        for (writes, expected) in table {
            let mut ring = Ring::new(4);
            for text in writes {
                ring.write(text.as_bytes());
            }
            let mut read = ring.read(1);
            assert_eq!(read.len(), expected.len().min(1));
            read.extend(ring.read(usize::MAX));
            assert_eq!(read, expected.as_bytes(), "{writes:?}");
            assert_eq!(ring.read(9), [0; 0], "{writes:?}");
        }
    }
}
