//! Execution of `async` and `blocking` calls. A call continues when its client disconnects.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::call::handler::Call;
use crate::error::Result;
use crate::service::shutdown::Shutdown;

/// The number of `blocking` functions that run at a time by default, each on its own thread. The
/// number is enough to keep several disks busy. Further calls wait, at most one for each client.
pub(super) const DEFAULT_BLOCKING_LIMIT: usize = 16;

/// The result of a call: the returned value as JSON text, or `None` where the function panicked or
/// the call was dropped.
pub(super) type CallResult = Option<Result<Vec<u8>>>;

/// Runs calls, and counts the calls in flight. A call does not end when its client disconnects, as
/// the server has accepted the request.
#[derive(Debug)]
pub(super) struct CallExecutor {
    blocking: Arc<Semaphore>,
    in_flight: Arc<watch::Sender<usize>>,
    /// Drops the calls in flight.
    abort: Shutdown,
}

impl CallExecutor {
    /// An executor that runs at most `blocking_limit` blocking functions at a time, and at least
    /// one.
    pub(super) fn new(blocking_limit: usize) -> Self {
        Self {
            blocking: Arc::new(Semaphore::new(blocking_limit.max(1))),
            in_flight: Arc::new(watch::Sender::new(0)),
            abort: Shutdown::new(),
        }
    }

    /// Starts a call of `command`.
    pub(super) fn start(&self, command: &str, call: Call) -> JoinHandle<CallResult> {
        let (command, abort) = (command.to_owned(), self.abort.clone());
        let blocking = Arc::clone(&self.blocking);
        let guard = InFlightGuard::new(&self.in_flight);
        tokio::spawn(async move {
            let _guard = guard;
            tokio::select! {
                biased;
                result = run(call, blocking) => result,
                () = abort.requested() => {
                    tracing::warn!(command, "a call was dropped at the shutdown deadline");
                    None
                }
            }
        })
    }

    /// Waits until no call is in flight.
    pub(super) async fn drained(&self) {
        // The wait fails only if the sender is dropped, and `self` owns the sender.
        let _ = self.in_flight.subscribe().wait_for(|calls| *calls == 0).await;
    }

    /// Drops all calls in flight. The thread of a blocking function runs until it returns.
    pub(super) fn abort_all(&self) {
        self.abort.request();
    }
}

async fn run(call: Call, blocking: Arc<Semaphore>) -> CallResult {
    match call {
        Call::Async(call) => Some(call.await),
        Call::Blocking(call) => {
            let _permit = blocking.acquire_owned().await.ok()?;
            tokio::task::spawn_blocking(call).await.ok()
        }
    }
}

/// Counts one call as in flight until the guard is dropped. A panic of the call drops it too.
struct InFlightGuard(Arc<watch::Sender<usize>>);

impl InFlightGuard {
    fn new(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|calls| *calls += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls -= 1);
    }
}
