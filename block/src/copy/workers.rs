//! The threads that make the requests of a copy.
//!
//! A worker is a call on a thread for blocking work. It makes the requests of a shared queue, one
//! after the other, and then schedules as many new ones. The copy passes these on to the next
//! worker unless its job wants to pause, to stop or to change its speed. So many short requests
//! need few changes of threads.
//!
//! One worker suffices for short requests that do not wait for a disk. With long ones, a worker
//! reads while another one writes. They do not [write](Target::limited) to the page cache at the
//! same time. If requests take long because of a disk, more workers share the queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::block_status::{Limits, Next};
use super::control::{CopyControl, CopyError, ErrorAction, Side};
use super::request::{Failed, MEMORY_MAX, Request};
use super::scheduler::Scheduler;
use super::target::Target;
use super::{Copier, REQUESTS_IN_FLIGHT, RETRY_DELAY};
use crate::image::aligned_buffer::AlignedBuffer;
use crate::nodes::async_node::panic_error;

/// The largest number of bytes that one request zeroes, without a buffer.
const ZERO_REQUEST_MAX: u64 = 1 << 30;
/// With a speed limit, the number of requests per second.
const REQUESTS_PER_SECOND: u64 = 10;
/// Another worker starts if no request completes within this time, which is longer than the usual
/// wait for a processor.
const STALL: Duration = Duration::from_millis(10);
/// The number of workers for direct I/O, with which each request waits for a disk. They are half as
/// many as the requests, so that a worker makes several requests for each change of threads.
const DIRECT_WORKERS: usize = REQUESTS_IN_FLIGHT / 2;
/// The number of workers for long requests to the page cache: one of them reads while the other one
/// writes.
const COPYING_WORKERS: usize = 2;
/// A request that reads at least this many bytes is long: reading and writing take much longer than
/// a change of threads.
const LARGE_REQUEST: u64 = 256 << 10;
/// A worker stops if requests complete at shorter intervals than this: they do not wait for a disk.
const FAST_REQUEST: Duration = Duration::from_micros(750);

/// The workers of a copy in progress.
pub(super) struct Workers<'a, C> {
    copier: &'a Copier,
    control: &'a C,
    queue: Arc<Queue>,
    running: JoinSet<Report>,
    /// The number of workers that should run. A worker may stop earlier if the queue is empty.
    wanted: usize,
    /// The time until which no dirty unit can be copied.
    later: Option<Instant>,
}

/// The requests of a copy, and all that is needed to make them.
struct Queue {
    scheduler: Scheduler,
    target: Target,
    /// The requests that no worker has begun.
    accepted: Mutex<VecDeque<Request>>,
    /// The number of requests that have completed since the last check.
    completed: AtomicUsize,
    /// The buffers that no worker uses, for reuse.
    buffers: Mutex<Vec<AlignedBuffer>>,
}

/// The requests that a worker schedules.
#[derive(Clone, Copy)]
struct Scheduling {
    limits: Limits,
    /// The number of requests, besides one for each that the worker has completed.
    requests: usize,
    /// Whether completed requests are replaced by new ones.
    continues: bool,
}

/// The work of a worker.
struct Report {
    /// The requests that have been made.
    done: Vec<Request>,
    /// The number of bytes that these requests read.
    copied: u64,
    failed: Option<Box<Failed>>,
    /// New requests. Their units are taken.
    scheduled: Vec<Request>,
    /// Why there are no more new requests.
    end: Option<Next>,
    /// The speed limit for which the requests were scheduled.
    speed: u64,
    /// The time that the requests took.
    time: Duration,
    slot: OwnedSemaphorePermit,
}

impl Queue {
    /// Makes requests until none is left, and schedules new ones. Blocks the thread.
    fn work(&self, scheduling: Scheduling, speed: u64, slot: OwnedSemaphorePermit) -> Report {
        let (start, mut buffer) = (Instant::now(), self.buffers.lock().pop().unwrap_or_default());
        let (mut done, mut copied, mut failed) = (Vec::new(), 0, None);
        while failed.is_none()
            && let Some(request) = self.next_accepted()
        {
            let scan = self.scheduler.scan();
            match request.execute(scan, &self.target, &mut buffer) {
                Ok(bytes) => {
                    self.scheduler.finished(request);
                    done.push(request);
                    copied += bytes;
                    self.completed.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => failed = Some(error),
            }
        }
        self.buffers.lock().push(buffer);
        let time = start.elapsed();
        let replaced = if scheduling.continues { done.len() } else { 0 };
        let wanted = if failed.is_some() { 0 } else { scheduling.requests + replaced };
        let (mut scheduled, mut end) = (Vec::new(), None);
        while scheduled.len() < wanted && end.is_none() {
            match self.scheduler.next(scheduling.limits) {
                Next::Request(request) => scheduled.push(request),
                other => end = Some(other),
            }
        }
        Report { done, copied, failed, scheduled, end, speed, time, slot }
    }

    fn next_accepted(&self) -> Option<Request> {
        self.accepted.lock().pop_front()
    }

    /// Returns the units of all requests that no worker has begun.
    fn clear(&self) {
        for request in self.accepted.lock().drain(..) {
            self.scheduler.requeue(request, Instant::now());
        }
    }
}

impl<'a, C: CopyControl> Workers<'a, C> {
    pub(super) fn new(copier: &'a Copier, control: &'a C, scheduler: Scheduler) -> Self {
        let queue = Arc::new(Queue {
            scheduler,
            target: copier.target(),
            accepted: Mutex::default(),
            completed: AtomicUsize::new(0),
            buffers: Mutex::default(),
        });
        let mut workers =
            Workers { copier, control, queue, running: JoinSet::new(), wanted: 1, later: None };
        workers.wanted = workers.workers_min(0);
        workers
    }

    /// The number of workers that is always useful, for requests that read this many bytes on
    /// average.
    fn workers_min(&self, bytes: u64) -> usize {
        let copier = self.copier;
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let useful = if copier.compresses {
            processors()
        } else if copier.source.cache().direct || copier.target.cache().direct {
            DIRECT_WORKERS
        } else if bytes >= LARGE_REQUEST {
            processors().min(COPYING_WORKERS)
        } else {
            1
        };
        useful.min(self.requests_max())
    }

    /// Copies until no unit is dirty. No request is in flight afterwards.
    pub(super) async fn run(&mut self) -> Result<(), CopyError<C::Stop>> {
        let result = self.copy().await;
        self.queue.clear();
        while let Some(joined) = self.running.join_next().await {
            if let Ok(report) = joined {
                self.give_back(report);
            }
        }
        result
    }

    async fn copy(&mut self) -> Result<(), CopyError<C::Stop>> {
        loop {
            // A copy that never waits would starve other tasks.
            tokio::task::yield_now().await;
            let is_alone = self.control.speed() > 0 || self.control.interrupted();
            if is_alone && self.is_idle() {
                // Jobs that wait are many, and the buffer is most of the memory of a job.
                self.queue.buffers.lock().clear();
                self.control.pause_point().await.map_err(CopyError::Stopped)?;
            }
            if !self.is_idle() {
                self.collect().await?;
            } else if let Some(due) = self.later.take() {
                let time = due.saturating_duration_since(Instant::now());
                self.control.wait(time).await.map_err(CopyError::Stopped)?;
            } else if !self.queue.scheduler.has_dirty() {
                return Ok(());
            } else if let Some(slot) = self.copier.slots.take() {
                self.begin(slot);
            } else {
                self.copier.slots.wait(self.control).await?;
            }
        }
    }

    /// Whether no request is in flight.
    fn is_idle(&self) -> bool {
        self.running.is_empty() && !self.has_accepted()
    }

    fn has_accepted(&self) -> bool {
        !self.queue.accepted.lock().is_empty()
    }

    /// Starts a worker that schedules the first requests.
    fn begin(&mut self, slot: OwnedSemaphorePermit) {
        let requests = if self.control.speed() > 0 { 1 } else { self.requests_max() };
        self.spawn(requests, slot);
    }

    /// Starts a worker. With a speed limit, each request passes a pause point first, so that the
    /// worker schedules no other.
    fn spawn(&mut self, requests: usize, slot: OwnedSemaphorePermit) {
        // Read here, as the speed may have changed while the job was paused.
        let speed = self.control.speed();
        let limits = Limits { data: self.data_limit(speed), zeroes: self.zero_limit(speed) };
        let scheduling = Scheduling { limits, requests, continues: speed == 0 };
        let queue = Arc::clone(&self.queue);
        self.running.spawn_blocking(move || queue.work(scheduling, speed, slot));
    }

    /// Starts workers for the requests in the queue, as long as there are slots.
    fn spawn_wanted(&mut self, mut slot: Option<OwnedSemaphorePermit>) {
        let requests = self.queue.accepted.lock().len();
        let most = self.wanted.min(self.running.len() + requests);
        while self.running.len() < most {
            let Some(slot) = slot.take().or_else(|| self.copier.slots.take()) else { return };
            self.spawn(0, slot);
        }
    }

    /// Waits for the report of a worker, and starts other workers.
    async fn collect(&mut self) -> Result<(), CopyError<C::Stop>> {
        if self.running.is_empty() {
            // All slots are taken.
            self.spawn_wanted(None);
            if self.running.is_empty() {
                return self.copier.slots.wait(self.control).await;
            }
        }
        let can_grow = self.running.len() < self.requests_max();
        let joined = tokio::select! {
            biased;
            joined = self.running.join_next() => joined,
            () = tokio::time::sleep(STALL), if can_grow && self.has_accepted() => {
                if self.queue.completed.swap(0, Ordering::Relaxed) == 0 {
                    self.wanted = (self.running.len() + 1).min(self.requests_max());
                    self.spawn_wanted(None);
                }
                return Ok(());
            }
        };
        let Some(joined) = joined else { return Ok(()) };
        let report = joined.map_err(|panicked| {
            // The effect of the request is unknown, so the copy fails.
            CopyError::Failed { side: Side::Target, error: panic_error(panicked) }
        })?;
        self.adapt(&report);
        let slot = self.process(report)?;
        self.spawn_wanted(Some(slot));
        Ok(())
    }

    /// Stops a worker if all of them together complete requests quickly, but not one that is always
    /// useful.
    fn adapt(&mut self, report: &Report) {
        if report.done.is_empty() {
            return;
        }
        // The worker of the report is not counted any more.
        let workers = self.running.len() + 1;
        let requests = report.done.len();
        let fast = FAST_REQUEST * u32::try_from(requests * workers).unwrap_or(u32::MAX);
        let wanted = self.wanted - usize::from(report.time < fast);
        self.wanted = wanted.max(self.workers_min(report.copied / requests as u64));
    }

    /// Counts completed requests, and accepts new ones. Returns the slot of the worker.
    fn process(&mut self, report: Report) -> Result<OwnedSemaphorePermit, CopyError<C::Stop>> {
        for request in &report.done {
            self.control.advance(request.length);
        }
        if let Some(Next::Later(due)) = report.end {
            self.later = Some(due);
        }
        let scheduler = &self.queue.scheduler;
        for request in report.scheduled {
            if self.control.interrupted() || self.control.speed() != report.speed {
                // It is scheduled again with the new limits.
                scheduler.requeue(request, Instant::now());
            } else {
                self.control.charge(request.length);
                self.queue.accepted.lock().push_back(request);
            }
        }
        if let Some(failed) = report.failed {
            self.handle_error(*failed)?;
        }
        Ok(report.slot)
    }

    fn handle_error(&self, failed: Failed) -> Result<(), CopyError<C::Stop>> {
        let Failed { request, side, error } = failed;
        let due = match self.control.on_error(side, &error) {
            ErrorAction::Report => {
                self.queue.scheduler.requeue(request, Instant::now());
                return Err(CopyError::Failed { side, error });
            }
            ErrorAction::Ignore => Instant::now() + RETRY_DELAY,
            ErrorAction::Stop => {
                self.queue.clear();
                Instant::now()
            }
        };
        self.queue.scheduler.requeue(request, due);
        Ok(())
    }

    /// Returns the units of all requests of a report that are not done.
    fn give_back(&self, report: Report) {
        let failed = report.failed.map(|failed| failed.request);
        for request in report.scheduled.into_iter().chain(failed) {
            self.queue.scheduler.requeue(request, Instant::now());
        }
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
}

/// If the future of a copy is dropped, its workers end after their current requests.
impl<C> Drop for Workers<'_, C> {
    fn drop(&mut self) {
        self.queue.accepted.lock().clear();
    }
}
