//! The wish to end the server, from wherever it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// A handle by which anybody can ask a server to end, and wait for that wish.
///
/// The command `quit` asks through it; a daemon asks through it when a signal arrives. All clones
/// share one wish, which cannot be taken back.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    phase: watch::Sender<Phase>,
    /// Whether the wish was made: sessions ask all the time.
    requested: AtomicBool,
}

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// No wish was made.
    Serving,
    /// No command is begun any more; clients still hear of what ends.
    Requested,
    /// Sessions end.
    Released,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A handle whose wish has not been made.
    pub fn new() -> Self {
        let phase = watch::Sender::new(Phase::Serving);
        Self(Arc::new(Inner { phase, requested: AtomicBool::new(false) }))
    }

    /// Asks the server to end. Commands that were not begun are not begun any more.
    pub fn request(&self) {
        self.advance_to(Phase::Requested);
    }

    /// Whether the server has been asked to end.
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Acquire)
    }

    /// Waits until the server is asked to end.
    pub async fn requested(&self) {
        self.reached(Phase::Requested).await;
    }

    /// Lets sessions end: all that clients were to hear has been said.
    pub(crate) fn release(&self) {
        self.advance_to(Phase::Released);
    }

    /// Waits until sessions may end.
    pub(crate) async fn released(&self) {
        self.reached(Phase::Released).await;
    }

    fn advance_to(&self, phase: Phase) {
        self.0.requested.store(true, Ordering::Release);
        self.0.phase.send_modify(|current| *current = phase.max(*current));
    }

    async fn reached(&self, phase: Phase) {
        // The sender lives as long as `self` does, so that waiting cannot fail.
        let _ = self.0.phase.subscribe().wait_for(|current| *current >= phase).await;
    }
}
