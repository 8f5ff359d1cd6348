//! Calls under way, carried out independently of the clients that made them.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::error::Result;
use crate::session::Call;
use crate::shutdown::Shutdown;

/// How many functions of `blocking` commands run at a time unless the server is told otherwise.
/// Enough to keep several disks busy; each takes a thread. Further calls wait for their turn, of
/// which there is at most one a client.
pub(super) const DEFAULT_BLOCKING_LIMIT: usize = 16;

/// What a call comes to: the returned value as JSON text, or `None` where it panicked or was
/// dropped.
pub(super) type Outcome = Option<Result<Vec<u8>>>;

/// The calls under way. A client that leaves does not end its call: it was accepted.
#[derive(Debug)]
pub(super) struct Calls {
    blocking: Arc<Semaphore>,
    under_way: Arc<watch::Sender<usize>>,
    dropped: Shutdown,
}

impl Calls {
    /// None yet, of which at most `blocking_limit` will block at a time.
    pub(super) fn new(blocking_limit: usize) -> Self {
        Self {
            blocking: Arc::new(Semaphore::new(blocking_limit.max(1))),
            under_way: Arc::new(watch::Sender::new(0)),
            dropped: Shutdown::new(),
        }
    }

    /// Begins to carry out a call of `command`.
    pub(super) fn start(&self, command: &str, call: Call) -> JoinHandle<Outcome> {
        let (command, dropped) = (command.to_owned(), self.dropped.clone());
        let blocking = Arc::clone(&self.blocking);
        let place = Place::take(&self.under_way);
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                biased;
                outcome = carry_out(call, blocking) => outcome,
                () = dropped.requested() => {
                    tracing::warn!(command, "a call was dropped: it did not end with the server");
                    None
                }
            }
        })
    }

    /// Waits until no call is under way.
    pub(super) async fn ended(&self) {
        // The sender lives as long as `self` does, so that waiting cannot fail.
        let _ = self.under_way.subscribe().wait_for(|calls| *calls == 0).await;
    }

    /// Drops all calls under way. Of those that block, the threads go on until they return.
    pub(super) fn drop_all(&self) {
        self.dropped.request();
    }
}

async fn carry_out(call: Call, blocking: Arc<Semaphore>) -> Outcome {
    match call {
        Call::Async(call) => Some(call.await),
        Call::Blocking(call) => {
            let _turn = blocking.acquire_owned().await.ok()?;
            tokio::task::spawn_blocking(call).await.ok()
        }
    }
}

/// One call's share of the count, given back also by a call that panics.
struct Place(Arc<watch::Sender<usize>>);

impl Place {
    fn take(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|calls| *calls += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls -= 1);
    }
}
