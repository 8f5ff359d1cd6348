//! What a copy needs of the job around it.

use crate::error::Error;
use std::future::Future;
use std::time::Duration;

/// On which side of a copy something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// While reading the source.
    Source,
    /// While writing the target.
    Target,
}

/// What becomes of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorAction {
    /// The copy ends with the error.
    Report,
    /// The request is made once more, not before [`RETRY_DELAY`](super::RETRY_DELAY) is over.
    Ignore,
    /// The job rests, and the request is made once more as soon as it goes on.
    Stop,
}

/// Why a copy did not reach its end.
#[derive(Debug)]
pub enum CopyError<S> {
    /// The [`CopyControl`] stopped it.
    Stopped(S),
    /// A request failed.
    Failed {
        /// Where.
        side: Side,
        /// Why.
        error: Error,
    },
}

/// The job around a copy.
pub trait CopyControl: Sync {
    /// Why the job stops a copy: that it was cancelled, say.
    type Stop: Send;

    /// Whether the job wants to pause or to stop. [`CopyControl::pause_point`] is then called as
    /// soon as no request is in flight.
    fn interrupted(&self) -> bool;

    /// The speed limit in bytes a second; 0 for none. With a limit, one request is made at a time.
    fn speed(&self) -> u64;

    /// Waits until the job is not paused and the speed limit allows another request. Called only
    /// while none is under way.
    ///
    /// # Errors
    /// When the copy is to stop.
    fn pause_point(&self) -> impl Future<Output = Result<(), Self::Stop>> + Send;

    /// Waits for so long, or less if the job wants to pause or to stop. Called only while no
    /// request is under way.
    ///
    /// # Errors
    /// When the copy is to stop.
    fn wait(&self, time: Duration) -> impl Future<Output = Result<(), Self::Stop>> + Send;

    /// Counts the bytes of a request that is about to be made for the speed limit.
    fn charge(&self, bytes: u64);

    /// Counts bytes as done.
    fn advance(&self, bytes: u64);

    /// Decides about a request that failed. Others may still be under way: a job that wants to
    /// wait for a client is [`interrupted`](CopyControl::interrupted) from now on.
    fn on_error(&self, _side: Side, _error: &Error) -> ErrorAction {
        ErrorAction::Report
    }
}
