//! A handle to shut a server down, and the phases of the shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::call::state::OobSafe;
use crate::wait_queue::WaitQueue;

/// A handle that requests a server's shutdown, and waits for such a request.
///
/// The command `quit` requests the shutdown. A daemon may request it when a signal arrives. All
/// clones share one request, which cannot be withdrawn. A handle works on any thread and with any
/// event loop.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// A [`Phase`]. An atomic, as every session reads it before every request.
    phase: AtomicU8,
    phase_changed: WaitQueue,
    /// Whether a server runs shutdown hooks before sessions close.
    has_hooks: AtomicBool,
}

/// The phase of the shutdown. Each phase implies those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Phase {
    /// No shutdown is requested.
    Running,
    /// The shutdown hooks run. No further command starts, and clients still receive events.
    Requested,
    /// Sessions close.
    Closing,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A handle without a request.
    pub fn new() -> Self {
        let phase = AtomicU8::new(Phase::Running as u8);
        Self(Arc::new(Inner {
            phase,
            phase_changed: WaitQueue::default(),
            has_hooks: AtomicBool::new(false),
        }))
    }

    /// Requests the shutdown. No further command starts.
    pub fn request(&self) {
        self.advance_to(Phase::Requested);
    }

    /// Whether the shutdown is requested.
    pub fn is_requested(&self) -> bool {
        self.is_at(Phase::Requested)
    }

    /// Waits until the shutdown is requested.
    pub async fn requested(&self) {
        self.reached(Phase::Requested).await;
    }

    /// Waits until the shutdown hooks have run: not at all if there are none.
    pub(crate) async fn hooks_finished(&self) {
        if self.0.has_hooks.load(Ordering::Acquire) {
            self.reached(Phase::Closing).await;
        }
    }

    /// Declares that shutdown hooks run before sessions close.
    #[cfg(feature = "server")]
    pub(crate) fn expect_hooks(&self) {
        self.0.has_hooks.store(true, Ordering::Release);
    }

    /// Lets sessions close, after the shutdown hooks. Implies [`request`](Self::request).
    #[cfg(feature = "server")]
    pub(crate) fn close_sessions(&self) {
        self.advance_to(Phase::Closing);
    }

    /// Waits until sessions must close.
    #[cfg(feature = "server")]
    pub(crate) async fn sessions_closing(&self) {
        self.reached(Phase::Closing).await;
    }

    fn is_at(&self, phase: Phase) -> bool {
        self.0.phase.load(Ordering::Acquire) >= phase as u8
    }

    fn advance_to(&self, phase: Phase) {
        self.0.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.0.phase_changed.wake_all();
    }

    async fn reached(&self, phase: Phase) {
        self.0.phase_changed.wait_until(|| self.is_at(phase)).await;
    }
}

/// A handle takes its lock only to register and to wake tasks.
impl OobSafe for Shutdown {}
