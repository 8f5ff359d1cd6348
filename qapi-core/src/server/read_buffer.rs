//! The bytes that a connection has read and its session has not consumed.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use super::stream::Source;

/// The maximum number of bytes in one read, if the client has sent a large part of a message. The
/// rest of such a message takes the most time for each byte, while other clients wait.
pub(super) const READ_SIZE_OF_LARGE: usize = 4 << 10;

/// The maximum number of bytes in one read. A client's burst of small commands fits into one read,
/// and one write then sends all replies to the burst.
pub(super) const READ_SIZE: usize = 16 << 10;

thread_local! {
    /// The buffer for the next read on this thread. All connections share it, since most of them
    /// have no unconsumed input most of the time.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes and file descriptors that were read from a connection and not yet consumed.
#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    /// The bytes of the last read, up to `end`. Without capacity if all of them are consumed.
    bytes: Vec<u8>,
    /// The number of consumed bytes.
    consumed: usize,
    end: usize,
    fds: Vec<OwnedFd>,
}

impl ReadBuffer {
    /// Reads up to `size` bytes once and returns their number, which is 0 at the end of input. The
    /// buffer must be empty.
    pub(super) fn poll_read(
        &mut self,
        source: &mut Source,
        context: &mut Context<'_>,
        size: usize,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = SPARE.take();
        buffer.resize(READ_SIZE, 0);
        let space = buffer.get_mut(..size).unwrap_or_default();
        match source.poll_read(context, space, &mut self.fds) {
            Poll::Ready(Ok(count @ 1..)) => {
                (self.bytes, self.consumed, self.end) = (buffer, 0, count);
                Poll::Ready(Ok(count))
            }
            no_bytes => {
                SPARE.set(buffer);
                no_bytes
            }
        }
    }

    /// Whether all bytes are consumed.
    pub(super) fn is_empty(&self) -> bool {
        self.consumed == self.end
    }

    /// The bytes that are not consumed.
    pub(super) fn remaining(&self) -> &[u8] {
        self.bytes.get(self.consumed..self.end).unwrap_or_default()
    }

    /// Consumes all but the last `remaining` bytes.
    pub(super) fn consume_to(&mut self, remaining: usize) {
        self.consumed = self.end - remaining;
        if self.consumed == self.end && self.bytes.capacity() > 0 {
            SPARE.set(std::mem::take(&mut self.bytes));
        }
    }

    /// Takes the file descriptors that arrived with the bytes.
    pub(super) fn take_fds(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.fds)
    }
}
