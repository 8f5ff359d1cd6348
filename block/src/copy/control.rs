//! The interface between a copy and its job.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use crate::error::Error;

/// The side of a copy on which an error occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A read of the source failed.
    Source,
    /// A write to the target failed.
    Target,
}

/// How a failed request is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorAction {
    /// The copy ends with the error.
    Report,
    /// The request is retried after [`RETRY_DELAY`](super::RETRY_DELAY).
    Ignore,
    /// The job pauses, and the request is retried when it resumes.
    Stop,
}

/// The reason why a copy ended early.
#[derive(Debug)]
pub enum CopyError<S> {
    /// The [`CopyControl`] stopped it.
    Stopped(S),
    /// A request failed.
    Failed {
        /// The side on which the request failed.
        side: Side,
        /// The error.
        error: Error,
    },
}

/// The job of a copy.
pub trait CopyControl: Sync {
    /// The reason why the job stops a copy, such as a cancel.
    type Stop: Send;

    /// Whether the job wants to pause or to stop. [`CopyControl::pause_point`] is then called as
    /// soon as no request is in flight.
    fn interrupted(&self) -> bool;

    /// The speed limit in bytes per second; 0 for no limit. With a limit, there is one request at a
    /// time.
    fn speed(&self) -> u64;

    /// Waits until the job is not paused and the speed limit allows another request. Called without
    /// requests in flight.
    ///
    /// # Errors
    /// The job stops the copy.
    fn pause_point(&self) -> impl Future<Output = Result<(), Self::Stop>> + Send;

    /// Waits for `time`. Returns early if the job pauses or stops. Called without requests in
    /// flight.
    ///
    /// # Errors
    /// The job stops the copy.
    fn wait(&self, time: Duration) -> impl Future<Output = Result<(), Self::Stop>> + Send;

    /// Counts the bytes of the next request for the speed limit.
    fn charge(&self, bytes: u64);

    /// Counts bytes as progress.
    fn advance(&self, bytes: u64);

    /// Decides about a failed request, while others may be in flight. After [`ErrorAction::Stop`],
    /// the job is [`interrupted`](CopyControl::interrupted) until it is resumed.
    fn on_error(&self, _side: Side, _error: &Error) -> ErrorAction {
        ErrorAction::Report
    }
}

/// A job without a speed limit that neither pauses nor stops. The first error ends its copy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl CopyControl for Unlimited {
    type Stop = Infallible;

    fn interrupted(&self) -> bool {
        false
    }

    fn speed(&self) -> u64 {
        0
    }

    async fn pause_point(&self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn wait(&self, time: Duration) -> Result<(), Infallible> {
        tokio::time::sleep(time).await;
        Ok(())
    }

    fn charge(&self, _bytes: u64) {}

    fn advance(&self, _bytes: u64) {}
}
