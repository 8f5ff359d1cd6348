//! The bytes to be sent to one client.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use crate::call::session::SessionContext;
use crate::memory_budget::{Account, Charge, MemoryBudget, MemoryExceeded};
use crate::schema::view::MessageFormat;

/// The default limit on the bytes that a client leaves unread: room for the largest reply that
/// clients accept (10 MiB in libvirt and `qemu.qmp`) and for thousands of events.
pub(crate) const DEFAULT_OUTPUT_LIMIT: usize = 16 << 20;

/// The initial capacity of an outbox: room for the replies to a few requests.
const FIRST_CAPACITY: usize = 1 << 10;

/// The capacity that an empty outbox retains. Larger capacity is freed.
pub(crate) const RETAINED_CAPACITY: usize = 64 << 10;

/// Added to the number of pending bytes when the session must be closed: above every limit.
const CLOSED: usize = usize::MAX / 2;

/// The bytes to be sent to one client, in order: replies, and events once the client has
/// negotiated. Any thread appends; the thread that serves the client takes.
#[derive(Debug)]
pub(crate) struct Outbox {
    session: Arc<SessionContext>,
    format: MessageFormat,
    limit: usize,
    account: Arc<Account>,
    /// The number of bytes that the client has not accepted, including the taken ones.
    pending: AtomicUsize,
    /// Whether the taken bytes are charged to the account.
    taken_is_charged: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The bytes that are not taken.
    untaken: Vec<u8>,
    untaken_charge: Charge,
    taken_charge: Charge,
    /// Whether one of the charges may be more than nothing.
    is_charged: bool,
    /// Whether the client has negotiated and receives events.
    admits_events: bool,
    closed_for: Option<CloseReason>,
    /// Whether bytes were appended since the last take or wait.
    changed: bool,
    waiter: Option<Waker>,
}

impl Inner {
    /// Charges the untaken bytes after their buffer may have grown.
    #[cold]
    fn charge_untaken(&mut self) -> Result<(), MemoryExceeded> {
        self.is_charged = true;
        self.untaken_charge.set(self.untaken.capacity())
    }
}

/// Why the server closes the session of a client: a limit that it exceeded, or a new policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client left more bytes unread than its
    /// [output limit](crate::session::SessionOptions::output_limit) allows.
    UnreadOutput,
    /// The [memory budget](crate::session::MemoryBudget) of all clients is exhausted, and this
    /// client is among those that use most of it.
    Memory,
    /// A new policy does not admit the client; see `PolicyHandle::replace_and_disconnect`.
    NotAdmitted,
}

impl std::fmt::Display for CloseReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnreadOutput => "the client does not read its output",
            Self::Memory => {
                "the memory limit of the server is exceeded, and the client uses most"
            }
            Self::NotAdmitted => "a new policy does not admit it",
        })
    }
}

impl std::error::Error for CloseReason {}

impl Outbox {
    /// An empty outbox, with an account of its own in `budget`.
    pub(crate) fn new(
        session: Arc<SessionContext>,
        format: MessageFormat,
        limit: usize,
        budget: &MemoryBudget,
    ) -> Arc<Self> {
        Arc::new_cyclic(|outbox: &Weak<Self>| {
            let closed = outbox.clone();
            let account = budget.open(move || {
                if let Some(outbox) = closed.upgrade() {
                    outbox.close_for(CloseReason::Memory);
                }
            });
            let inner = Inner {
                untaken: Vec::new(),
                untaken_charge: Charge::new(&account),
                taken_charge: Charge::new(&account),
                is_charged: false,
                admits_events: false,
                closed_for: None,
                changed: false,
                waiter: None,
            };
            let (pending, taken_is_charged) = (AtomicUsize::new(0), AtomicBool::new(false));
            let inner = inner.into();
            Self { session, format, limit, account, pending, taken_is_charged, inner }
        })
    }

    /// The session of the client.
    pub(crate) fn session(&self) -> &SessionContext {
        &self.session
    }

    /// The account of the client in the memory budget.
    pub(crate) fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// The format of the messages to this client.
    pub(crate) fn format(&self) -> &MessageFormat {
        &self.format
    }

    /// Appends a reply. Replies are never dropped: a session reads no further requests while many
    /// replies are unread. Afterwards the contents of `message` are unspecified.
    pub(crate) fn push_reply(&self, message: &mut Vec<u8>) {
        let appended = self.append_reply(&mut self.lock(), message);
        self.reclaim_after(appended);
    }

    /// Appends a reply, and admits events after it. Both happen in one step, so that no event comes
    /// before the reply to the negotiation.
    pub(crate) fn push_negotiated(&self, message: &mut Vec<u8>) {
        let mut inner = self.lock();
        inner.admits_events = true;
        let appended = self.append_reply(&mut inner, message);
        drop(inner);
        self.reclaim_after(appended);
    }

    /// Appends an event, if the client has negotiated. If the event exceeds the limit, all output
    /// is dropped and the session must be closed.
    pub(crate) fn push_event(&self, message: &[u8]) {
        let mut inner = self.lock();
        if !inner.admits_events || inner.closed_for.is_some() {
            return;
        }
        if self.pending() + message.len() > self.limit {
            drop(inner);
            return self.close_for(CloseReason::UnreadOutput);
        }
        let appended = self.append(&mut inner, message);
        // The lock is released before the wake-up, as the woken task may take it at once.
        let waiter = inner.waiter.take();
        drop(inner);
        self.reclaim_after(appended);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Drops all output, and lets the session close.
    pub(crate) fn close_for(&self, reason: CloseReason) {
        let mut inner = self.lock();
        if inner.closed_for.is_some() {
            return;
        }
        self.drop_output(&mut inner, reason);
        let waiter = inner.waiter.take();
        drop(inner);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    #[cold]
    fn drop_output(&self, inner: &mut Inner, reason: CloseReason) {
        inner.closed_for = Some(reason);
        inner.untaken = Vec::new();
        // A smaller charge cannot fail.
        let _ = inner.untaken_charge.set(0);
        inner.changed = true;
        // The session checks this number before each request.
        self.pending.fetch_add(CLOSED, Ordering::Relaxed);
    }

    /// Disconnects the clients that use most memory, if an addition to the account failed. The
    /// caller has no lock.
    #[inline]
    pub(crate) fn reclaim_after(&self, added: Result<(), MemoryExceeded>) {
        if added.is_err() {
            self.reclaim();
        }
    }

    #[cold]
    fn reclaim(&self) {
        if self.account.reclaim().is_err() {
            self.account.close();
        }
    }

    /// Appends a reply. A large one is not copied if there is no other output.
    #[inline(always)]
    fn append_reply(
        &self,
        inner: &mut Inner,
        message: &mut Vec<u8>,
    ) -> Result<(), MemoryExceeded> {
        if message.len() > RETAINED_CAPACITY && inner.untaken.is_empty() {
            std::mem::swap(&mut inner.untaken, message);
            inner.changed = true;
            self.pending.fetch_add(inner.untaken.len(), Ordering::Relaxed);
            return inner.charge_untaken();
        }
        self.append(inner, message)
    }

    /// Appends a message, or lets the session close if the system has no memory for it. Wakes no
    /// task, as the task that drives the session sends its replies.
    #[inline(always)]
    fn append(&self, inner: &mut Inner, message: &[u8]) -> Result<(), MemoryExceeded> {
        let first = if inner.untaken.capacity() == 0 { FIRST_CAPACITY } else { 0 };
        if inner.untaken.try_reserve(first.max(message.len())).is_err() {
            self.drop_output(inner, CloseReason::Memory);
            return Ok(());
        }
        inner.untaken.extend_from_slice(message);
        inner.changed = true;
        self.pending.fetch_add(message.len(), Ordering::Relaxed);
        if inner.untaken.capacity() > RETAINED_CAPACITY {
            return inner.charge_untaken();
        }
        Ok(())
    }

    /// The number of bytes that the client has not accepted.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Checks whether the session may continue.
    ///
    /// # Errors
    /// The reason to close the session.
    pub(crate) fn check(&self) -> Result<(), CloseReason> {
        self.lock().closed_for.map_or(Ok(()), Err)
    }

    /// Swaps the bytes to be sent into `buffer`, which must be empty; `false` if there are none.
    ///
    /// # Errors
    /// The reason to close the session.
    pub(crate) fn take(&self, buffer: &mut Vec<u8>) -> Result<bool, CloseReason> {
        let mut inner = self.lock();
        if let Some(reason) = inner.closed_for {
            return Err(reason);
        }
        if inner.untaken.is_empty() {
            return Ok(false);
        }
        if buffer.capacity() > RETAINED_CAPACITY {
            *buffer = Vec::new();
        }
        std::mem::swap(&mut inner.untaken, buffer);
        if inner.is_charged {
            self.move_charge(&mut inner);
        }
        inner.changed = false;
        Ok(true)
    }

    /// Makes the charge of the untaken bytes that of the taken ones. Those taken before are sent.
    #[cold]
    fn move_charge(&self, inner: &mut Inner) {
        let Inner { untaken_charge, taken_charge, is_charged, .. } = inner;
        std::mem::swap(untaken_charge, taken_charge);
        // A smaller charge cannot fail.
        let _ = untaken_charge.set(0);
        *is_charged = taken_charge.bytes() > 0;
        self.taken_is_charged.store(*is_charged, Ordering::Relaxed);
    }

    /// Records that the client accepted `count` of the taken bytes.
    pub(crate) fn sent(&self, count: usize) {
        let subtract = |pending: usize| Some(pending.saturating_sub(count));
        let before = self.pending.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
        if self.taken_is_charged.load(Ordering::Relaxed) && before == Ok(count) {
            self.release_taken();
        }
    }

    /// Ends the charge of the taken bytes, all of which are sent.
    #[cold]
    fn release_taken(&self) {
        // A smaller charge cannot fail.
        let _ = self.lock().taken_charge.set(0);
        self.taken_is_charged.store(false, Ordering::Relaxed);
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
