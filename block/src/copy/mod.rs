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
mod target;
#[cfg(test)]
mod tests;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::nodes::Node;
pub use bitmap::{DirtyBitmap, RangeGuard};
pub use block_status::Scope;
use block_status::StatusScan;
pub use control::{CopyControl, CopyError, ErrorAction, Side, Unlimited};
pub use flush::{flush, try_flush};
pub use point_in_time::PointInTime;
use request::MEMORY_MAX;
pub use request::clear;
use scheduler::Scheduler;
pub use sequential::{STEP_MAX, SequentialCopy, Step, StepError, run_sequentially};
pub use slots::{COPY_REQUESTS_MAX, CopySlots};
pub use target::REQUESTS_IN_FLIGHT;
use target::Target;
use workers::Workers;

/// The largest number of bytes that one request reads and writes. System calls are then a small
/// part of its cost, and a pause takes effect soon.
pub const REQUEST_MAX: u64 = 1 << 20;
/// The smallest unit of work, and the unit in which zeroes are detected.
const GRANULARITY_MIN: u64 = 64 * 1024;

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

    /// The target, with a limit of its own of concurrent writes.
    fn target(&self) -> Target {
        // Smaller units would lead to very small writes.
        let unit = self.granularity.clamp(GRANULARITY_MIN, MEMORY_MAX);
        Target::new(Arc::clone(&self.target), unit, self.compresses)
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
        Workers::new(self, control, scheduler).run().await
    }
}
