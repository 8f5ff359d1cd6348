//! Copying the contents of one node onto another.
//!
//! A [`Copier`] walks over the source by what is known of it: what is sure to be zero is not read,
//! what is zero on the target already is not written. Requests run side by side on the threads
//! for blocking work, so that the main loop goes on serving. The job around it speaks through
//! [`CopyControl`]: it brakes, pauses and stops the copy between requests, learns of progress,
//! and decides about errors.

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

pub use bitmap::{DirtyBitmap, RangeGuard};
pub use control::{CopyControl, CopyError, ErrorAction, Side};
pub use flush::{flush, try_flush};
pub use point_in_time::PointInTime;
pub use sequential::{STEP_MAX, SequentialCopy, Step, StepError, run_sequentially};
pub use slots::{COPY_REQUESTS_MAX, CopySlots};

use crate::error::Error;
use crate::nodes::Node;
pub use block_status::Scope;
use block_status::{Limits, Next, StatusScan};
pub use request::clear;
use request::{Failed, MEMORY_MAX, Request, Writing};
use scheduler::Scheduler;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

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

/// How long a request that failed is left alone before it is made once more. A fault that lasts
/// then costs neither a processor nor a flood of events.
pub const RETRY_DELAY: Duration = Duration::from_millis(100);

/// How much a copy does at a time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many requests are under way at the same time; [`REQUESTS_IN_FLIGHT`] at most.
    pub requests: usize,
    /// How many bytes one request reads and writes, in whole units of work: at least one unit,
    /// and otherwise [`REQUEST_MAX`] at most.
    pub bytes: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { requests: REQUESTS_IN_FLIGHT, bytes: REQUEST_MAX }
    }
}

/// A copy of what one node holds onto another of the same size.
#[derive(Debug)]
pub struct Copier {
    source: Arc<Node>,
    target: Arc<Node>,
    length: u64,
    granularity: u64,
    slots: CopySlots,
    scope: Scope,
    pace: Pace,
    /// Whether the target is given compressed data.
    compresses: bool,
}

impl Copier {
    /// Prepares to copy. The caller has seen to it that nobody else changes either node, and that
    /// the target is as large as the source.
    ///
    /// # Errors
    /// [`Error::Io`] when the size of the source cannot be found out.
    pub fn new(source: Arc<Node>, target: Arc<Node>, slots: CopySlots) -> Result<Self, Error> {
        let length = source.size()?;
        let granularity = target.cluster_size().unwrap_or(0).max(GRANULARITY_MIN);
        let (scope, pace) = (Scope::default(), Pace::default());
        let compresses = false;
        Ok(Copier { source, target, length, granularity, slots, scope, pace, compresses })
    }

    /// The same for a part of the source.
    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Copier { scope, ..self }
    }

    /// The same in units of work of so many bytes, which is a power of two.
    #[must_use]
    pub fn in_units_of(self, granularity: u64) -> Self {
        Copier { granularity, ..self }
    }

    /// The same in units of work of so many bytes at least, which is a power of two or 0.
    #[must_use]
    pub fn granularity_min(self, bytes: u64) -> Self {
        Copier { granularity: self.granularity.max(bytes), ..self }
    }

    /// The same at another pace, which is kept within what [`Pace`] allows.
    #[must_use]
    pub fn pace(self, pace: Pace) -> Self {
        let pace = Pace {
            requests: pace.requests.clamp(1, REQUESTS_IN_FLIGHT),
            bytes: pace.bytes.min(REQUEST_MAX),
        };
        Copier { pace, ..self }
    }

    /// The same with data compressed, if so, which the target has to be able to take.
    #[must_use]
    pub fn compressing(self, compresses: bool) -> Self {
        Copier { compresses, ..self }
    }

    /// How the target is written.
    fn writing(&self) -> Writing {
        // Smaller units would be written in smaller pieces than is any use.
        let unit = self.granularity.clamp(GRANULARITY_MIN, MEMORY_MAX);
        Writing { unit, compresses: self.compresses }
    }

    /// The unit of work in bytes: a power of two, at least a cluster of the target.
    pub fn granularity(&self) -> u64 {
        self.granularity
    }

    /// The size of the source in whole units of work.
    pub fn size(&self) -> u64 {
        self.length.next_multiple_of(self.granularity)
    }

    fn scan(&self) -> StatusScan {
        let Copier { source, length, granularity, scope, .. } = self;
        let (length, granularity, scope) = (*length, *granularity, *scope);
        StatusScan { source: Arc::clone(source), scope, length, granularity }
    }

    /// Copies everything, whatever the scope, and has the target keep it. For sources to which
    /// nobody writes.
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

    /// Copies what is dirty until nothing is. What this finds out about the source afterwards,
    /// and writes later, is for the next call; the target is not flushed.
    ///
    /// Whatever the result, no request is under way afterwards. If the future is dropped, those
    /// under way end on their own; keep both nodes reserved until then.
    ///
    /// # Errors
    /// [`CopyError`]. What was not copied is still dirty, and the target holds some of both
    /// contents.
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

/// A copy under way.
struct Work<'a, C> {
    copier: &'a Copier,
    control: &'a C,
    scheduler: Scheduler,
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
            self.make_room().await?;
            let Some(slot) = self.slot().await? else { continue };
            // Only now: the speed may have been changed while the job was paused.
            let speed = self.control.speed();
            let limits = Limits { data: self.data_limit(speed), zeroes: self.zero_limit(speed) };
            match self.scheduler.next(limits).await {
                Next::Request(request) => {
                    if self.control.interrupted() || self.control.speed() != speed {
                        // It is cut anew when the job goes on.
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

    /// Waits until as few requests are under way as another one may join. A job that is to rest
    /// or to stop does so when there are none: at rest it leaves its nodes alone.
    async fn make_room(&mut self) -> Result<(), CopyError<C::Stop>> {
        // A copy that never waits for anything would keep everyone else waiting.
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

    /// Takes a slot for the next request. None after a wait in which the job may have come to
    /// want something else.
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

    /// Requests that may be under way: large units of work are few, so that they fit in memory.
    fn requests_max(&self) -> usize {
        let fitting = MEMORY_MAX / self.copier.granularity;
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        self.copier.pace.requests.min(fitting).max(1)
    }

    /// The most bytes of a request with data: whole units, and not too many for the speed.
    fn data_limit(&self, speed: u64) -> u64 {
        let unit = self.copier.granularity;
        let most = self.copier.pace.bytes;
        let fitting = if speed == 0 { most } else { speed / REQUESTS_PER_SECOND };
        (fitting.min(most) / unit).max(1) * unit
    }

    /// The most bytes of a request for zeroes, which count for the speed as others do.
    fn zero_limit(&self, speed: u64) -> u64 {
        if speed == 0 { ZERO_REQUEST_MAX } else { self.data_limit(speed) }
    }

    fn start(&mut self, request: Request, slot: OwnedSemaphorePermit) {
        let source = Arc::clone(&self.copier.source);
        let target = Arc::clone(&self.copier.target);
        let writing = self.copier.writing();
        let mut buffer = self.buffers.pop().unwrap_or_default();
        self.running.spawn_blocking(move || {
            // Kept until the thread is free again.
            let _slot = slot;
            request.execute(&source, &target, writing, &mut buffer)?;
            Ok(Finished { request, buffer })
        });
    }

    /// Waits for one of the requests under way.
    async fn collect(&mut self) -> Result<(), CopyError<C::Stop>> {
        let Some(joined) = self.running.join_next().await else { return Ok(()) };
        let outcome = joined.map_err(|panicked| {
            // Nothing is known about what it did: the copy cannot be trusted any more.
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

/// A request whose thread panicked.
fn panic_error(panicked: JoinError) -> Error {
    tracing::error!(%panicked, "a request of a copy was panic_error");
    Error::Io(std::io::Error::other(panicked))
}
