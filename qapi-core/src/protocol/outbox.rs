//! The bytes to be sent to one client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::schema::view::MessageFormat;

/// The default limit on the bytes that a client leaves unread: room for the largest reply that
/// clients accept (10 MiB in libvirt and `qemu.qmp`) and for thousands of events.
pub(crate) const DEFAULT_OUTPUT_LIMIT: usize = 16 << 20;

/// The initial capacity of an outbox: room for the replies to a few requests.
const FIRST_CAPACITY: usize = 1 << 10;

/// The capacity that an empty outbox retains. Larger capacity is freed.
pub(crate) const RETAINED_CAPACITY: usize = 64 << 10;

/// The bytes to be sent to one client, in order: replies, and events once the client has
/// negotiated. Any thread appends; the thread that serves the client takes.
#[derive(Debug)]
pub(crate) struct Outbox {
    format: MessageFormat,
    limit: usize,
    /// The number of bytes that the client has not accepted, including the taken ones.
    pending: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The bytes that are not taken.
    untaken: Vec<u8>,
    /// Whether the client has negotiated and receives events.
    admits_events: bool,
    overflowed: bool,
    /// Whether bytes were appended since the last take or wait.
    changed: bool,
    waiter: Option<Waker>,
}

/// A client left more bytes unread than its output limit allows; its session must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputOverflow;

impl std::fmt::Display for OutputOverflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client does not read its output")
    }
}

impl std::error::Error for OutputOverflow {}

impl Outbox {
    pub(crate) fn new(format: MessageFormat, limit: usize) -> Self {
        Self { format, limit, pending: AtomicUsize::new(0), inner: Mutex::default() }
    }

    /// The format of the messages to this client.
    pub(crate) fn format(&self) -> &MessageFormat {
        &self.format
    }

    /// Appends a reply. Replies are never dropped: a session reads no further requests while many
    /// replies are unread.
    pub(crate) fn push_reply(&self, message: &[u8]) {
        self.append(&mut self.lock(), message);
    }

    /// Appends a reply, and admits events after it. Both happen in one step, so that no event comes
    /// before the reply to the negotiation.
    pub(crate) fn push_negotiated(&self, message: &[u8]) {
        let mut inner = self.lock();
        inner.admits_events = true;
        self.append(&mut inner, message);
    }

    /// Appends an event, if the client has negotiated. If the event exceeds the limit, all output
    /// is dropped and the session must be closed.
    pub(crate) fn push_event(&self, message: &[u8]) {
        let mut inner = self.lock();
        if !inner.admits_events || inner.overflowed {
            return;
        }
        if self.pending() + message.len() > self.limit {
            inner.overflowed = true;
            // The bytes stay pending, so that the session checks the outbox even if this event
            // alone exceeds the limit.
            self.pending.fetch_add(message.len(), Ordering::Relaxed);
            inner.untaken = Vec::new();
            inner.changed = true;
        } else {
            self.append(&mut inner, message);
        }
        // The lock is released before the wake-up, as the woken task may take it at once.
        let waiter = inner.waiter.take();
        drop(inner);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Appends a message. Wakes no task, as the task that drives the session sends its replies.
    fn append(&self, inner: &mut Inner, message: &[u8]) {
        if inner.untaken.capacity() == 0 {
            inner.untaken.reserve(FIRST_CAPACITY.max(message.len()));
        }
        inner.untaken.extend_from_slice(message);
        inner.changed = true;
        self.pending.fetch_add(message.len(), Ordering::Relaxed);
    }

    /// The number of bytes that the client has not accepted.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Checks the output limit.
    ///
    /// # Errors
    /// The client left more bytes unread than its limit allows.
    pub(crate) fn check(&self) -> Result<(), OutputOverflow> {
        if self.lock().overflowed { Err(OutputOverflow) } else { Ok(()) }
    }

    /// Swaps the bytes to be sent into `buffer`, which must be empty; `false` if there are none.
    ///
    /// # Errors
    /// The client left more bytes unread than its limit allows.
    pub(crate) fn take(&self, buffer: &mut Vec<u8>) -> Result<bool, OutputOverflow> {
        let mut inner = self.lock();
        if inner.overflowed {
            return Err(OutputOverflow);
        }
        if inner.untaken.is_empty() {
            return Ok(false);
        }
        if buffer.capacity() > RETAINED_CAPACITY {
            *buffer = Vec::new();
        }
        std::mem::swap(&mut inner.untaken, buffer);
        inner.changed = false;
        Ok(true)
    }

    /// Records that the client accepted `count` of the taken bytes.
    pub(crate) fn sent(&self, count: usize) {
        let subtract = |pending: usize| Some(pending.saturating_sub(count));
        let _ = self.pending.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
    }

    /// Ready if bytes were appended since the last wait. One task at a time may wait.
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
        // A panic under the lock leaves no change half done, so that poison is ignored.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
