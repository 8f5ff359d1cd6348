//! Input on its way from the transport to the session.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use super::stream::Source;

/// How much is read at once. A client's burst of small commands fits, so that all its replies
/// leave in one write.
const READ_SIZE: usize = 16 << 10;

thread_local! {
    /// The buffer of the connection that reads next. Most connections hold no input most of the
    /// time, so that they need none of their own.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What came and the session has not taken yet: bytes, and descriptors beside them.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// Without capacity while nothing is held.
    buffer: Vec<u8>,
    taken: usize,
    end: usize,
    fds: Vec<OwnedFd>,
}

impl Input {
    /// Reads once; how much came. Nothing must be held.
    pub(super) fn poll_read(
        &mut self,
        source: &mut Source,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = SPARE.take();
        buffer.resize(READ_SIZE, 0);
        match source.poll_read(context, &mut buffer, &mut self.fds) {
            Poll::Ready(Ok(count @ 1..)) => {
                (self.buffer, self.taken, self.end) = (buffer, 0, count);
                Poll::Ready(Ok(count))
            }
            nothing => {
                SPARE.set(buffer);
                nothing
            }
        }
    }

    /// What the session has not taken.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.taken..self.end).unwrap_or_default()
    }

    /// Notes that the session left so many bytes.
    pub(super) fn leave(&mut self, count: usize) {
        self.taken = self.end - count;
        self.give_back();
    }

    /// Hands on the descriptors that came.
    pub(super) fn take_fds(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.fds)
    }

    /// Leaves the buffer to the next connection if nothing is held.
    fn give_back(&mut self) {
        if self.taken == self.end && self.buffer.capacity() > 0 {
            SPARE.set(std::mem::take(&mut self.buffer));
        }
    }
}
