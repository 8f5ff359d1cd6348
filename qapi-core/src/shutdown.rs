//! The wish to end the server, from wherever it comes.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle by which anybody can ask a server to end, and wait for that wish.
///
/// The command `quit` asks through it; a daemon asks through it when a signal arrives. All clones
/// share one wish, which cannot be taken back.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A handle whose wish has not been made.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Asks the server to end. Commands that were not begun are not begun any more.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the server has been asked to end.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the server is asked to end.
    pub async fn requested(&self) {
        // The sender lives as long as `self` does, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}
