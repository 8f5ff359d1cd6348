//! Copying the contents of one node onto another.
//!
//! A [`Copier`] walks over the source by what is known of it: what is sure to be zero is not read,
//! what is zero on the target already is not written. Requests run side by side on the threads
//! for blocking work, so that the main loop goes on serving. The job around it speaks through
//! [`CopyControl`]: it brakes, pauses and stops the copy between requests, learns of progress,
//! and decides about errors.

mod plan;
mod request;

use crate::error::Error;
use crate::nodes::Node;
use plan::Plan;
use request::{Failed, Request};
use std::future::Future;
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};

/// Requests under way at the same time. Enough to keep a disk busy while others are prepared;
/// more would wait for each other inside a qcow2 image, where one L2 table takes one allocating
/// write at a time, and would each hold [`REQUEST_MAX`] bytes.
pub const REQUESTS_IN_FLIGHT: usize = 8;
/// Bytes that one request reads and writes: large enough that the calls to the system do not
/// count, small enough that a pause takes effect soon.
pub const REQUEST_MAX: u64 = 1 << 20;
/// Bytes that one request makes zero, without a buffer.
const ZERO_REQUEST_MAX: u64 = 1 << 30;
/// The smallest unit in which work is divided, and in which zeroes are looked for.
const GRANULARITY_MIN: u64 = 64 * 1024;
/// With a speed limit, a request takes about one part in so many of a second.
const REQUESTS_PER_SECOND: u64 = 10;

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
    /// The request is made once more.
    Retry,
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

    /// Whether the job wants to pause or to stop. No request is under way when
    /// [`CopyControl::throttle`] is called the next time.
    fn interrupted(&self) -> bool;

    /// The speed limit in bytes a second; 0 for none. With a limit, one request is made at a time.
    fn speed(&self) -> u64;

    /// Waits until the job is not paused and so many bytes more do not exceed the speed limit.
    ///
    /// # Errors
    /// When the copy is to stop.
    fn throttle(&self, bytes: u64) -> impl Future<Output = Result<(), Self::Stop>> + Send;

    /// Counts bytes as done.
    fn advance(&self, bytes: u64);

    /// Decides about a request that failed; may wait for a client to do so.
    ///
    /// # Errors
    /// When the copy is to stop.
    fn on_error(
        &self,
        _side: Side,
        _error: &Error,
    ) -> impl Future<Output = Result<ErrorAction, Self::Stop>> + Send {
        std::future::ready(Ok(ErrorAction::Report))
    }
}

/// A copy of all that one node holds onto another of the same size.
#[derive(Debug)]
pub struct Copier {
    source: Arc<Node>,
    target: Arc<Node>,
    length: u64,
    granularity: u64,
}

impl Copier {
    /// Prepares to copy. The caller has seen to it that nobody else changes either node, and that
    /// the target is as large as the source.
    ///
    /// # Errors
    /// [`Error::Io`] when the size of the source cannot be found out.
    pub fn new(source: Arc<Node>, target: Arc<Node>) -> Result<Self, Error> {
        let length = source.size()?;
        let granularity = target.cluster_size().unwrap_or(0).max(GRANULARITY_MIN);
        Ok(Copier { source, target, length, granularity })
    }

    /// The unit of work in bytes: a power of two, at least a cluster of the target.
    pub fn granularity(&self) -> u64 {
        self.granularity
    }

    /// What [`CopyControl::advance`] will have counted in the end: the size of the source in
    /// whole units of work.
    pub fn total(&self) -> u64 {
        self.length.next_multiple_of(self.granularity)
    }

    /// Copies everything and flushes the target.
    ///
    /// Whatever the result, no request is under way afterwards. If the future is dropped, those
    /// under way end on their own; keep both nodes reserved until then.
    ///
    /// # Errors
    /// [`CopyError`]; the target then holds some of both contents.
    pub async fn run<C: CopyControl>(&self, control: &C) -> Result<(), CopyError<C::Stop>> {
        let mut work = Work {
            copier: self,
            control,
            plan: Plan::new(Arc::clone(&self.source), self.length, self.granularity),
            running: JoinSet::new(),
            buffers: Vec::new(),
        };
        let result = work.run().await;
        while work.running.join_next().await.is_some() {}
        result?;
        let target = Arc::clone(&self.target);
        let flushed = tokio::task::spawn_blocking(move || target.flush()).await;
        flushed
            .unwrap_or_else(|panicked| Err(lost(panicked)))
            .map_err(|error| CopyError::Failed { side: Side::Target, error })
    }
}

/// A copy under way.
struct Work<'a, C> {
    copier: &'a Copier,
    control: &'a C,
    plan: Plan,
    running: JoinSet<Result<Finished, Box<Failed>>>,
    /// Buffers of requests that are done, for those to come.
    buffers: Vec<Vec<u8>>,
}

/// A request that is done, and the buffer it used.
struct Finished {
    request: Request,
    buffer: Vec<u8>,
}

impl<C: CopyControl> Work<'_, C> {
    async fn run(&mut self) -> Result<(), CopyError<C::Stop>> {
        loop {
            let speed = self.control.speed();
            let alone = speed > 0 || self.control.interrupted();
            let most = if alone { 1 } else { REQUESTS_IN_FLIGHT };
            while self.running.len() >= most {
                self.collect().await?;
            }
            match self.plan.next(self.data_limit(speed), self.zero_limit(speed)).await {
                Some(request) => {
                    let allowed = self.control.throttle(request.length).await;
                    allowed.map_err(CopyError::Stopped)?;
                    self.start(request);
                }
                None if self.running.is_empty() => return Ok(()),
                None => self.collect().await?,
            }
        }
    }

    /// The most bytes of a request with data: whole units, and not too many for the speed.
    fn data_limit(&self, speed: u64) -> u64 {
        let unit = self.copier.granularity;
        let fitting = if speed == 0 { REQUEST_MAX } else { speed / REQUESTS_PER_SECOND };
        (fitting.min(REQUEST_MAX) / unit).max(1) * unit
    }

    /// The most bytes of a request for zeroes, which count for the speed as others do.
    fn zero_limit(&self, speed: u64) -> u64 {
        if speed == 0 { ZERO_REQUEST_MAX } else { self.data_limit(speed) }
    }

    fn start(&mut self, request: Request) {
        let source = Arc::clone(&self.copier.source);
        let target = Arc::clone(&self.copier.target);
        let granularity = self.copier.granularity;
        let mut buffer = self.buffers.pop().unwrap_or_default();
        self.running.spawn_blocking(move || {
            request.execute(&source, &target, granularity, &mut buffer)?;
            Ok(Finished { request, buffer })
        });
    }

    /// Waits for one of the requests under way.
    async fn collect(&mut self) -> Result<(), CopyError<C::Stop>> {
        let Some(joined) = self.running.join_next().await else { return Ok(()) };
        let outcome = joined.map_err(|panicked| {
            // Nothing is known about what it did: the copy cannot be trusted any more.
            CopyError::Failed { side: Side::Target, error: lost(panicked) }
        })?;
        match outcome {
            Ok(Finished { request, buffer }) => {
                self.buffers.push(buffer);
                let end = request.end().next_multiple_of(self.copier.granularity);
                self.control.advance(end - request.start);
                Ok(())
            }
            Err(failed) => {
                let Failed { request, side, error } = *failed;
                let action = self.control.on_error(side, &error).await;
                match action.map_err(CopyError::Stopped)? {
                    ErrorAction::Report => Err(CopyError::Failed { side, error }),
                    ErrorAction::Retry => {
                        self.plan.once_more(request);
                        Ok(())
                    }
                }
            }
        }
    }
}

/// A request whose thread panicked.
fn lost(panicked: JoinError) -> Error {
    tracing::error!(%panicked, "a request of a copy was lost");
    Error::Io(std::io::Error::other(panicked))
}
