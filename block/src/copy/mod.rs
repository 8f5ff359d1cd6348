//! Copies of the contents of one node to another.
//!
//! A [`Copier`] follows the block status of the source: ranges that are known to be zero are not
//! read, and zeroes that the target has already are not written. Requests run concurrently on
//! threads for blocking work, so that the main loop stays free. The job of the copy implements
//! [`CopyControl`]: it limits the speed, pauses and stops the copy between requests, receives the
//! progress, and decides about errors.

mod allocation;
mod bitmap;
mod block_status;
mod control;
mod flush;
mod point_in_time;
mod request;
mod scheduler;
mod sequential;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::error::Error;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::nodes::Node;
use crate::nodes::async_node::panic_error;
pub use bitmap::{DirtyBitmap, RangeGuard};
pub use block_status::Scope;
use block_status::{Limits, Next, StatusScan};
pub use control::{CopyControl, CopyError, ErrorAction, Side, Unlimited};
pub use flush::{flush, try_flush};
pub use point_in_time::PointInTime;
pub use request::clear;
use request::{Failed, MEMORY_MAX, Request, Writing};
use scheduler::Scheduler;
pub use sequential::{STEP_MAX, SequentialCopy, Step, StepError, run_sequentially};
pub use slots::{COPY_REQUESTS_MAX, CopySlots};

/// The largest number of requests in flight of one copy. Several requests keep the disk busy
/// while others are prepared. More requests would wait for each other inside a qcow2 image, where
/// an L2 table takes one allocating write at a time, and each would need [`REQUEST_MAX`] bytes of
/// memory.
pub const REQUESTS_IN_FLIGHT: usize = 8;
/// The largest number of bytes that one request reads and writes. System calls are then a small
/// part of its cost, and a pause takes effect soon.
pub const REQUEST_MAX: u64 = 1 << 20;
/// The largest number of bytes that one request zeroes, without a buffer.
const ZERO_REQUEST_MAX: u64 = 1 << 30;
/// The smallest unit of work, and the unit in which zeroes are detected.
const GRANULARITY_MIN: u64 = 64 * 1024;
/// With a speed limit, the number of requests per second.
const REQUESTS_PER_SECOND: u64 = 10;

/// The delay before a failed request is retried. It limits the load and the events that a permanent
/// fault causes.
pub const RETRY_DELAY: Duration = Duration::from_millis(100);

/// The number and the size of requests.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The number of requests in flight; at most [`REQUESTS_IN_FLIGHT`].
    pub requests: usize,
    /// The bytes that one request reads and writes: at most [`REQUEST_MAX`], but at least one unit
    /// of work.
    pub bytes: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { requests: REQUESTS_IN_FLIGHT, bytes: REQUEST_MAX }
    }
}

/// A copy of one node to another one of the same size.
#[derive(Debug)]
pub struct Copier {
    source: Arc<Node>,
    target: Arc<Node>,
    length: u64,
    granularity: u64,
    slots: CopySlots,
    scope: Scope,
    pace: Pace,
    /// Whether compressed data are written.
    compresses: bool,
}

impl Copier {
    /// Prepares a copy. The caller has reserved both nodes, and the target is as large as the
    /// source.
    ///
    /// # Errors
    /// [`Error::Io`] if the size of the source cannot be determined.
    pub fn new(source: Arc<Node>, target: Arc<Node>, slots: CopySlots) -> Result<Self, Error> {
        let length = source.size()?;
        let granularity = target.cluster_size().unwrap_or(0).max(GRANULARITY_MIN);
        let (scope, pace) = (Scope::default(), Pace::default());
        let compresses = false;
        Ok(Copier { source, target, length, granularity, slots, scope, pace, compresses })
    }

    /// The same copy with another scope.
    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Copier { scope, ..self }
    }

    /// The same copy in units of work of this many bytes, a power of two.
    #[must_use]
    pub fn in_units_of(self, granularity: u64) -> Self {
        Copier { granularity, ..self }
    }

    /// The same copy in units of work of at least this many bytes, a power of two or 0.
    #[must_use]
    pub fn granularity_min(self, bytes: u64) -> Self {
        Copier { granularity: self.granularity.max(bytes), ..self }
    }

    /// The same copy with other requests, clamped to the limits of [`Pace`].
    #[must_use]
    pub fn pace(self, pace: Pace) -> Self {
        let pace = Pace {
            requests: pace.requests.clamp(1, REQUESTS_IN_FLIGHT),
            bytes: pace.bytes.min(REQUEST_MAX),
        };
        Copier { pace, ..self }
    }

    /// The same copy with compressed data, which the target must [support](Node::compresses).
    #[must_use]
    pub fn compressing(self) -> Self {
        Copier { compresses: true, ..self }
    }

    /// How data are written to the target.
    fn writing(&self) -> Writing {
        // Smaller units would lead to very small writes.
        let unit = self.granularity.clamp(GRANULARITY_MIN, MEMORY_MAX);
        Writing { unit, compresses: self.compresses }
    }

    /// The unit of work in bytes: a power of two, at least a cluster of the target.
    pub fn granularity(&self) -> u64 {
        self.granularity
    }

    /// The size of the source in bytes, rounded up to whole units of work.
    pub fn size(&self) -> u64 {
        self.length.next_multiple_of(self.granularity)
    }

    fn scan(&self) -> StatusScan {
        let Copier { source, length, granularity, scope, .. } = self;
        let (length, granularity, scope) = (*length, *granularity, *scope);
        StatusScan { source: Arc::clone(source), scope, length, granularity }
    }

    /// Copies the whole source, regardless of the scope, and flushes the target. The source must
    /// not change.
    ///
    /// # Errors
    /// As for [`Copier::follow`].
    pub async fn run<C: CopyControl>(&self, control: &C) -> Result<(), CopyError<C::Stop>> {
        let bitmap = DirtyBitmap::new(self.length, self.granularity)
            .map_err(|error| CopyError::Failed { side: Side::Source, error })?;
        bitmap.mark(0, self.length);
        self.follow(&Arc::new(bitmap), control).await?;
        self.flush(control).await
    }

    /// Copies dirty units until none is left. Units that become dirty after that are left for the
    /// next call. The target is not flushed.
    ///
    /// No request is in flight when the future has ended. If the future is dropped, requests in
    /// flight still run to their end, during which both nodes must stay reserved.
    ///
    /// # Errors
    /// [`CopyError`]. Units that were not copied are still dirty.
    pub async fn follow<C: CopyControl>(
        &self,
        bitmap: &Arc<DirtyBitmap>,
        control: &C,
    ) -> Result<(), CopyError<C::Stop>> {
        let scheduler = Scheduler::new(self.scan(), Arc::clone(bitmap));
        let (running, buffers) = (JoinSet::new(), Vec::new());
        let mut work = Work { copier: self, control, scheduler, running, buffers };
        let result = work.run().await;
        while work.running.join_next().await.is_some() {}
        result
    }
}

/// A copy in progress.
struct Work<'a, C> {
    copier: &'a Copier,
    control: &'a C,
    scheduler: Scheduler,
    running: JoinSet<Result<Finished, Box<Failed>>>,
    /// The buffers of completed requests, for reuse.
    buffers: Vec<AlignedBuffer>,
}

/// A completed request and its buffer.
struct Finished {
    request: Request,
    buffer: AlignedBuffer,
}

impl<C: CopyControl> Work<'_, C> {
    async fn run(&mut self) -> Result<(), CopyError<C::Stop>> {
        loop {
            self.make_room().await?;
            let Some(slot) = self.slot().await? else { continue };
            // Read here, as the speed may have changed while the job was paused.
            let speed = self.control.speed();
            let limits = Limits { data: self.data_limit(speed), zeroes: self.zero_limit(speed) };
            match self.scheduler.next(limits).await {
                Next::Request(request) => {
                    if self.control.interrupted() || self.control.speed() != speed {
                        // It is scheduled again with the new limits.
                        self.scheduler.requeue(request, Instant::now());
                    } else {
                        self.control.charge(request.length);
                        self.start(request, slot);
                    }
                }
                Next::Done if self.running.is_empty() => return Ok(()),
                Next::Later(due) if self.running.is_empty() => {
                    drop(slot);
                    let time = due.saturating_duration_since(Instant::now());
                    self.control.wait(time).await.map_err(CopyError::Stopped)?;
                }
                Next::Done | Next::Later(_) => self.collect().await?,
            }
        }
    }

    /// Waits until another request may start. A job that pauses or stops does so without requests
    /// in flight.
    async fn make_room(&mut self) -> Result<(), CopyError<C::Stop>> {
        // A copy that never waits would starve other tasks.
        tokio::task::yield_now().await;
        loop {
            let alone = self.control.speed() > 0 || self.control.interrupted();
            let most = if alone { 1 } else { self.requests_max() };
            if self.running.len() >= most {
                self.collect().await?;
            } else if alone {
                return self.control.pause_point().await.map_err(CopyError::Stopped);
            } else {
                return Ok(());
            }
        }
    }

    /// Takes a slot for the next request. Returns `None` after a wait, as the state of the job may
    /// have changed.
    async fn slot(&mut self) -> Result<Option<OwnedSemaphorePermit>, CopyError<C::Stop>> {
        let slots = &self.copier.slots;
        if let Some(slot) = slots.take() {
            return Ok(Some(slot));
        }
        if self.running.is_empty() {
            slots.wait(self.control).await?;
        } else {
            self.collect().await?;
        }
        Ok(None)
    }

    /// The largest number of requests in flight, so that all of their buffers fit in memory.
    fn requests_max(&self) -> usize {
        let fitting = MEMORY_MAX / self.copier.granularity;
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        self.copier.pace.requests.min(fitting).max(1)
    }

    /// The largest number of bytes of a request with data: whole units of work, within the speed
    /// limit.
    fn data_limit(&self, speed: u64) -> u64 {
        let unit = self.copier.granularity;
        let most = self.copier.pace.bytes;
        let fitting = if speed == 0 { most } else { speed / REQUESTS_PER_SECOND };
        (fitting.min(most) / unit).max(1) * unit
    }

    /// The largest number of bytes of a request for zeroes, which count for the speed limit too.
    fn zero_limit(&self, speed: u64) -> u64 {
        if speed == 0 { ZERO_REQUEST_MAX } else { self.data_limit(speed) }
    }

    fn start(&mut self, request: Request, slot: OwnedSemaphorePermit) {
        let scan = self.copier.scan();
        let target = Arc::clone(&self.copier.target);
        let writing = self.copier.writing();
        let mut buffer = self.buffers.pop().unwrap_or_default();
        self.running.spawn_blocking(move || {
            // The slot is free again only when the thread is.
            let _slot = slot;
            request.execute(&scan, &target, writing, &mut buffer)?;
            Ok(Finished { request, buffer })
        });
    }

    /// Waits for one of the requests in flight.
    async fn collect(&mut self) -> Result<(), CopyError<C::Stop>> {
        let Some(joined) = self.running.join_next().await else { return Ok(()) };
        let outcome = joined.map_err(|panicked| {
            // The effect of the request is unknown, so the copy fails.
            CopyError::Failed { side: Side::Target, error: panic_error(panicked) }
        })?;
        match outcome {
            Ok(Finished { request, buffer }) => {
                self.buffers.push(buffer);
                self.scheduler.finished(request);
                self.control.advance(request.length);
                Ok(())
            }
            Err(failed) => {
                let Failed { request, side, error } = *failed;
                match self.control.on_error(side, &error) {
                    ErrorAction::Report => Err(CopyError::Failed { side, error }),
                    ErrorAction::Ignore => {
                        self.scheduler.requeue(request, Instant::now() + RETRY_DELAY);
                        Ok(())
                    }
                    ErrorAction::Stop => {
                        self.scheduler.requeue(request, Instant::now());
                        Ok(())
                    }
                }
            }
        }
    }
}
