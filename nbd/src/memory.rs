//! The memory that the requests of all clients of a server share.

use std::sync::Arc;

use parking_lot::Mutex;

/// The bytes that the first request in flight of each connection gets in any case.
pub(crate) const PIECE: usize = 64 << 10;
/// The largest number of bytes that a request moves at once, if memory is available.
pub(crate) const PIECE_MAX: usize = 2 << 20;
/// Buffers start at a multiple of this, for disks with direct I/O.
const ALIGNMENT: usize = 4096;

/// The memory that is not in use, in bytes.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    free: Mutex<usize>,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Budget { total, free: Mutex::new(total) })
    }

    /// Takes memory: at most half of the free memory, so that one client alone cannot use all of
    /// it.
    pub(crate) fn lease(self: &Arc<Self>, bytes: usize) -> Option<Lease> {
        let mut free = self.free.lock();
        if bytes > *free / 2 {
            return None;
        }
        *free -= bytes;
        Some(Lease { budget: Arc::clone(self), bytes })
    }

    fn is_scarce(&self) -> bool {
        *self.free.lock() < self.total / 2
    }
}

/// Memory that is in use. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.budget.free.lock() += self.bytes;
    }
}

/// A buffer that is used for one request after the other.
#[derive(Debug)]
pub(crate) struct Buffer {
    budget: Arc<Budget>,
    bytes: Vec<u8>,
    /// The position of the first byte with a suitable address.
    start: usize,
    lease: Option<Lease>,
}

impl Buffer {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Buffer { budget, bytes: Vec::new(), start: 0, lease: None }
    }

    /// The buffer with room for as many of `wanted` bytes as the budget allows: all of them, or at
    /// least [`PIECE`].
    pub(crate) fn up_to(&mut self, wanted: usize) -> &mut [u8] {
        let wanted = wanted.max(1);
        if self.size() < wanted {
            self.grow(wanted);
        }
        let end = self.start + wanted.min(self.size());
        &mut self.bytes[self.start..end]
    }

    fn size(&self) -> usize {
        self.bytes.len() - self.start
    }

    fn grow(&mut self, wanted: usize) {
        let size = wanted.next_multiple_of(ALIGNMENT);
        let size = if size <= PIECE {
            PIECE
        } else {
            self.lease = None;
            self.lease = self.budget.lease(size);
            if self.lease.is_some() { size } else { PIECE }
        };
        if size == self.size() {
            return;
        }
        self.bytes = Vec::new();
        self.bytes = vec![0; size + ALIGNMENT];
        self.start = self.bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        self.bytes.truncate(self.start + size);
    }

    /// Frees a large buffer, if memory is scarce or the buffer is larger than usual.
    pub(crate) fn trim(&mut self) {
        if self.lease.is_some() && (self.size() > PIECE_MAX || self.budget.is_scarce()) {
            self.bytes = Vec::new();
            self.start = 0;
            self.lease = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_and_shrinks_to_a_piece_without_memory() {
        let budget = Budget::new(4 << 20);
        let mut first = Buffer::new(Arc::clone(&budget));
        assert_eq!(first.up_to(5).len(), 5);
        assert_eq!(first.up_to(2 << 20).len(), 2 << 20);
        assert_eq!(first.up_to(1).as_ptr().align_offset(ALIGNMENT), 0);
        let mut second = Buffer::new(Arc::clone(&budget));
        assert_eq!(second.up_to(2 << 20).len(), PIECE, "half of what is free is 1 MiB");
        assert_eq!(second.up_to(1 << 20).len(), 1 << 20);
        second.trim();
        assert_eq!(second.size(), 0, "memory is scarce");
        drop((first, second));
        assert_eq!(*budget.free.lock(), 4 << 20);
    }
}
