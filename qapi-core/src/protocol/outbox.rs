//! What waits to be sent to one client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::schema::view::MessageFormat;

/// How many bytes may wait for a client that does not read, unless the server says otherwise.
/// Room for the largest reply that clients accept (libvirt and `qemu.qmp` stop at 10 MiB) and for
/// thousands of events besides.
pub(crate) const DEFAULT_OUTPUT_LIMIT: usize = 16 << 20;

/// Capacity that an outbox begins with: room for the replies to some requests that came together.
const FIRST_CAPACITY: usize = 1 << 10;

/// Capacity that an empty outbox keeps; what a large reply took beyond it is given back.
pub(crate) const KEPT_CAPACITY: usize = 64 << 10;

/// The bytes that wait to be sent to one client, in order: replies, and events once the client
/// has negotiated. Filled from any thread, emptied by the one that serves the client.
#[derive(Debug)]
pub(crate) struct Outbox {
    format: MessageFormat,
    limit: usize,
    /// How many bytes the client has not accepted yet, those included that were taken.
    pending: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: Vec<u8>,
    events: bool,
    overflowed: bool,
    /// Whether something was appended since it was last taken or waited for.
    changed: bool,
    waiter: Option<Waker>,
}

/// A client left more unread than it may when another event came; its session must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputOverflow;

impl std::fmt::Display for OutputOverflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client does not read what it is sent")
    }
}

impl std::error::Error for OutputOverflow {}

impl Outbox {
    pub(crate) fn new(format: MessageFormat, limit: usize) -> Self {
        Self { format, limit, pending: AtomicUsize::new(0), inner: Mutex::default() }
    }

    /// The form of the messages to this client.
    pub(crate) fn format(&self) -> &MessageFormat {
        &self.format
    }

    /// Appends a message that answers the client. Replies are never dropped: a client whose
    /// replies pile up is no longer listened to.
    pub(crate) fn push_reply(&self, message: &[u8]) {
        self.append(&mut self.lock(), message);
    }

    /// Appends the reply to the negotiation, after which events may follow. One step, so that no
    /// event can slip in before the reply.
    pub(crate) fn push_negotiated(&self, message: &[u8]) {
        let mut inner = self.lock();
        inner.events = true;
        self.append(&mut inner, message);
    }

    /// Appends an event, if the client has negotiated. What the client leaves unread beyond the
    /// limit is not kept: the session is marked to end.
    pub(crate) fn push_event(&self, message: &[u8]) {
        let mut inner = self.lock();
        if !inner.events || inner.overflowed {
            return;
        }
        if self.pending() + message.len() > self.limit {
            inner.overflowed = true;
            // All of it counts as unread for good, so that whoever serves the client comes to look
            // here, also where this one event alone is too much.
            self.pending.fetch_add(message.len(), Ordering::Relaxed);
            inner.waiting = Vec::new();
            inner.changed = true;
        } else {
            self.append(&mut inner, message);
        }
        // Woken outside the lock.
        let waiter = inner.waiter.take();
        drop(inner);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Appends a message. Nobody is woken: who has the session make a reply looks for it.
    fn append(&self, inner: &mut Inner, message: &[u8]) {
        if inner.waiting.capacity() == 0 {
            inner.waiting.reserve(FIRST_CAPACITY.max(message.len()));
        }
        inner.waiting.extend_from_slice(message);
        inner.changed = true;
        self.pending.fetch_add(message.len(), Ordering::Relaxed);
    }

    /// How many bytes the client has not accepted yet.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Whether the client left too much unread.
    pub(crate) fn check(&self) -> Result<(), OutputOverflow> {
        if self.lock().overflowed { Err(OutputOverflow) } else { Ok(()) }
    }

    /// Exchanges `buffer`, which must be empty, for what waits; whether anything did.
    pub(crate) fn take(&self, buffer: &mut Vec<u8>) -> Result<bool, OutputOverflow> {
        let mut inner = self.lock();
        if inner.overflowed {
            return Err(OutputOverflow);
        }
        if inner.waiting.is_empty() {
            return Ok(false);
        }
        if buffer.capacity() > KEPT_CAPACITY {
            *buffer = Vec::new();
        }
        std::mem::swap(&mut inner.waiting, buffer);
        inner.changed = false;
        Ok(true)
    }

    /// Notes that the client accepted `count` bytes of what was taken.
    pub(crate) fn sent(&self, count: usize) {
        let less = |pending: usize| Some(pending.saturating_sub(count));
        let _ = self.pending.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Waits until something was appended since the last wait; one task at a time may wait.
    pub(crate) fn poll_changed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if std::mem::take(&mut inner.changed) {
            return Poll::Ready(());
        }
        match &mut inner.waiter {
            Some(waiter) => waiter.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held; were it otherwise, the bytes are still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
