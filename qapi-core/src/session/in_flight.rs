//! The call of a session that continues after its dispatch.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::call::cancellation::{CancelReason, Cancellation};
use crate::error::Error;
use crate::messages;
use crate::observe::call::CallOutcome;
use crate::observe::tracker::CallTracker;
use crate::schema::definition::Definition;
use crate::wire::document::Document;

/// A request whose call is in flight.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) id: Option<Document>,
    pub(super) success_response: bool,
    pub(super) control: Arc<CallControl>,
}

/// The deadline and the cancellation of a call in flight.
///
/// A [`Server`](crate::Server) enforces both. Another event loop gets them from
/// [`Session::in_flight`](super::Session::in_flight): when the deadline is over, or the client has
/// disconnected and [`cancels_on_disconnect`](Self::cancels_on_disconnect) is true, it calls
/// [`cancel`](Self::cancel), drops the future of an asynchronous call, and passes the error to
/// [`Session::complete`](super::Session::complete).
#[derive(Debug)]
pub struct CallControl {
    pub(super) definition: &'static Definition,
    pub(super) deadline: Option<Duration>,
    pub(super) cancel_on_disconnect: bool,
    pub(super) cancellation: Arc<Cancellation>,
    /// Reports the call to the hooks, if there are any.
    pub(super) tracker: OnceLock<Arc<CallTracker>>,
}

impl CallControl {
    /// The name of the command.
    pub fn command(&self) -> &'static str {
        self.definition.name
    }

    /// The time within which the call must end, counted from its dispatch.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Whether the call is to be cancelled when its client disconnects.
    pub fn cancels_on_disconnect(&self) -> bool {
        self.cancel_on_disconnect
    }

    /// The token that the function of the command sees.
    pub fn cancellation(&self) -> &Arc<Cancellation> {
        &self.cancellation
    }

    /// Cancels the call, and returns the error for its client.
    pub fn cancel(&self, reason: CancelReason) -> Error {
        self.cancellation.cancel(reason);
        let (outcome, error) = match (reason, self.deadline) {
            (CancelReason::DeadlineExceeded, deadline) => (
                CallOutcome::DeadlineExceeded,
                messages::deadline_exceeded(self.command(), deadline.unwrap_or_default()),
            ),
            (CancelReason::ClientDisconnected | CancelReason::ServerShutdown, _) => {
                (CallOutcome::Cancelled, messages::call_cancelled())
            }
        };
        if let Some(tracker) = self.tracker.get() {
            tracker.end(outcome);
        }
        error
    }
}
