//! Execution of `async` and `blocking` calls, their deadlines and their cancellation. A call
//! continues when its client disconnects, unless the command has `cancel_on_disconnect`.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::call::cancellation::CancelReason;
use crate::call::handler::Call;
use crate::error::Result;
use crate::service::shutdown::Shutdown;
use crate::session::CallControl;

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

    /// Starts a call.
    pub(super) fn start(&self, control: &Arc<CallControl>, call: Call) -> JoinHandle<CallResult> {
        let (control, abort) = (Arc::clone(control), self.abort.clone());
        let blocking = Arc::clone(&self.blocking);
        let guard = InFlightGuard::new(&self.in_flight);
        tokio::spawn(async move {
            let _guard = guard;
            tokio::select! {
                biased;
                result = run(call, blocking) => result,
                result = cancelled(&control, &abort) => result,
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

/// Waits until a call must be cancelled, cancels it, and returns its result. The function is
/// notified before its future is dropped.
async fn cancelled(control: &CallControl, abort: &Shutdown) -> CallResult {
    let (command, deadline) = (control.command(), control.deadline());
    let deadline_exceeded = async {
        match deadline {
            Some(deadline) => tokio::time::sleep(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = abort.requested() => {
            tracing::warn!(command, "a call was dropped at the shutdown deadline");
            control.cancel(CancelReason::ServerShutdown);
            None
        }
        () = deadline_exceeded => {
            tracing::warn!(command, ?deadline, "a call exceeded its deadline");
            Some(Err(control.cancel(CancelReason::DeadlineExceeded)))
        }
        () = control.cancellation().cancelled() => {
            tracing::debug!(command, "a call was cancelled");
            let reason = control.cancellation().reason();
            Some(Err(control.cancel(reason.unwrap_or(CancelReason::ClientDisconnected))))
        }
    }
}

async fn run(call: Call, blocking: Arc<Semaphore>) -> CallResult {
    match call {
        Call::Async(call) => Some(call.await),
        Call::Blocking(call) => {
            let permit = blocking.acquire_owned().await.ok()?;
            let call = move || {
                // A function that is left behind occupies its thread until it returns.
                let _permit = permit;
                call()
            };
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
