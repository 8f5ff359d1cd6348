//! What waits to be sent to one client.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::wire::Style;

/// How many bytes may wait for a client that does not read, unless the server says otherwise.
/// Room for the largest reply that clients accept (libvirt and `qemu.qmp` stop at 10 MiB) and for
/// thousands of events besides.
pub(crate) const DEFAULT_OUTPUT_LIMIT: usize = 16 << 20;

/// Capacity that an empty outbox keeps; what a large reply took beyond it is given back.
pub(super) const KEPT_CAPACITY: usize = 64 << 10;

/// The bytes that wait to be sent to one client, in order: replies, and events once the client
/// has negotiated. Filled from any thread, emptied by the one that serves the client.
#[derive(Debug)]
pub(crate) struct Outbox {
    style: Style,
    limit: usize,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: Vec<u8>,
    /// Bytes taken by the sender that the client has not accepted yet.
    in_flight: usize,
    events: bool,
    overflowed: bool,
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
    pub(crate) fn new(style: Style, limit: usize) -> Self {
        Self { style, limit, inner: Mutex::default(), changed: Notify::new() }
    }

    /// How what this client reads is laid out.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Appends a message that answers the client. Replies are never dropped: a client whose
    /// replies pile up is no longer listened to.
    pub(crate) fn push_reply(&self, message: &[u8]) {
        self.lock().waiting.extend_from_slice(message);
        self.changed.notify_one();
    }

    /// Appends the reply to the negotiation, after which events may follow. One step, so that no
    /// event can slip in before the reply.
    pub(crate) fn push_negotiated(&self, message: &[u8]) {
        let mut inner = self.lock();
        inner.waiting.extend_from_slice(message);
        inner.events = true;
        drop(inner);
        self.changed.notify_one();
    }

    /// Appends an event, if the client has negotiated. What the client leaves unread beyond the
    /// limit is not kept: the session is marked to end.
    pub(crate) fn push_event(&self, message: &[u8]) {
        let mut inner = self.lock();
        if !inner.events || inner.overflowed {
            return;
        }
        if inner.pending() + message.len() > self.limit {
            inner.overflowed = true;
            inner.waiting = Vec::new();
        } else {
            inner.waiting.extend_from_slice(message);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// How many bytes the client has not accepted yet.
    pub(crate) fn pending(&self) -> usize {
        self.lock().pending()
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
        inner.in_flight += buffer.len();
        Ok(true)
    }

    /// Notes that the client accepted `count` bytes of what was taken.
    pub(crate) fn sent(&self, count: usize) {
        let mut inner = self.lock();
        inner.in_flight = inner.in_flight.saturating_sub(count);
    }

    /// Waits until something was appended since the last wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held; were it otherwise, the bytes are still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn pending(&self) -> usize {
        self.waiting.len() + self.in_flight
    }
}
