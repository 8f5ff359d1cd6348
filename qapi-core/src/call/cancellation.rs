//! The token by which a call learns that its result is no longer wanted.

use std::sync::OnceLock;

use crate::error::Result;
use crate::messages;
use crate::wait_queue::WaitQueue;

/// A token that tells the function of an `async` or `blocking` command that its call is cancelled.
///
/// A function gets the token of its call by a parameter
/// `#[qapi(cancellation)] cancellation: &Cancellation`. When the call is cancelled, the server
/// drops the future of an `async fn` and answers the client. It cannot stop a `blocking` function:
/// it answers the client at once, and the function runs on until it returns. Such a function asks
/// the token between its steps.
///
/// ```
/// use qapi_core::call::Cancellation;
/// use qapi_core::prelude::*;
///
/// /// Checks every block of a disk.
/// #[qapi_command(blocking, deadline = "30s")]
/// fn disk_check(
///     #[qapi(cancellation)] cancellation: &Cancellation,
///     /// The number of blocks.
///     blocks: u64,
/// ) -> qapi_core::Result<()> {
///     for _block in 0..blocks {
///         cancellation.check()?;
///     }
///     Ok(())
/// }
///
/// let cancellation = Cancellation::default();
/// assert!(disk_check(&cancellation, 3).is_ok());
/// ```
#[derive(Debug, Default)]
pub struct Cancellation {
    reason: OnceLock<CancelReason>,
    cancelled: WaitQueue,
}

/// Why a call was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// The call did not end within its deadline.
    DeadlineExceeded,
    /// The client disconnected, and the command has the word `cancel_on_disconnect`.
    ClientDisconnected,
    /// The server shuts down, and the call did not end before the drain deadline.
    ServerShutdown,
}

impl Cancellation {
    /// Whether the call is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.reason.get().is_some()
    }

    /// Why the call was cancelled; `None` if it was not.
    pub fn reason(&self) -> Option<CancelReason> {
        self.reason.get().copied()
    }

    /// Waits until the call is cancelled.
    pub async fn cancelled(&self) {
        self.cancelled.wait_until(|| self.is_cancelled()).await;
    }

    /// Fails if the call is cancelled, for use with `?` between the steps of a function.
    ///
    /// # Errors
    /// The call is cancelled.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(messages::call_cancelled()) } else { Ok(()) }
    }

    /// Cancels the call. The first reason remains.
    pub fn cancel(&self, reason: CancelReason) {
        if self.reason.set(reason).is_ok() {
            self.cancelled.wake_all();
        }
    }
}
