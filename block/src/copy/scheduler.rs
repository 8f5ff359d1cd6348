//! The requests of a copy that follows what is written to its source.

use super::bitmap::DirtyBitmap;
use super::block_status::{Kind, Limits, Next, Run, SCAN_MAX, StatusScan};
use super::request::Request;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait where everything dirty is in the hands of writers, who keep it for no longer
/// than a request.
const LOCKED_DELAY: Duration = Duration::from_millis(1);

/// Makes requests of what is dirty.
///
/// A part is taken out of the bitmap before anything is found out about it: what is written later
/// puts it in again.
#[derive(Debug)]
pub(super) struct Scheduler {
    scan: StatusScan,
    bitmap: Arc<DirtyBitmap>,
    /// Where the next request is looked for first.
    position: u64,
    /// What was known to be data when it was last looked at.
    data: Range<u64>,
    /// What failed, and when it is tried again at the earliest.
    delayed: Vec<(Instant, Range<u64>)>,
}

impl Scheduler {
    pub(super) fn new(scan: StatusScan, bitmap: Arc<DirtyBitmap>) -> Self {
        Scheduler { scan, bitmap, position: 0, data: 0..0, delayed: Vec::new() }
    }

    /// Puts a request back, to be made when it is due at the earliest.
    pub(super) fn requeue(&mut self, request: Request, due: Instant) {
        let range = request.start..request.end();
        self.bitmap.return_dirty(&range);
        if due > Instant::now() {
            self.delayed.push((due, range));
        }
    }

    /// Notes that a request is done.
    pub(super) fn finished(&self, request: Request) {
        self.bitmap.release(&(request.start..request.end()));
    }

    /// The next request that is due, within the limits.
    pub(super) async fn next(&mut self, limits: Limits) -> Next {
        let now = Instant::now();
        self.delayed.retain(|(due, _)| *due > now);
        let delayed: Vec<_> = self.delayed.iter().map(|(_, range)| range.clone()).collect();
        let most = limits.data.max(limits.zeroes);
        let Some(taken) = self.bitmap.take(self.position, most, &delayed) else {
            let earliest = self.delayed.iter().map(|(due, _)| *due).min();
            return match earliest {
                Some(due) => Next::Later(due),
                None if self.bitmap.has_dirty() => Next::Later(now + LOCKED_DELAY),
                None => Next::Done,
            };
        };
        let run = self.scan_at(taken.start).await;
        let zero = match run.kind {
            Kind::Data | Kind::OutOfScope => false,
            Kind::Zero => true,
        };
        let length = limits.of(zero).min(run.end.min(taken.end) - taken.start);
        let end = taken.start + length;
        if end < taken.end {
            self.bitmap.return_dirty(&(end..taken.end));
        }
        self.position = end;
        Next::Request(Request { start: taken.start, length, zero })
    }

    /// Finds out about the source. What was data is taken for data again, which is right whatever
    /// it has become; that something is zero can be known only of what is taken out.
    async fn scan_at(&mut self, start: u64) -> Run {
        if self.data.contains(&start) {
            return Run { kind: Kind::Data, end: self.data.end };
        }
        let scan = self.scan.clone();
        let found = tokio::task::spawn_blocking(move || scan.run_at(start, SCAN_MAX));
        let found = found.await.unwrap_or_else(|_panicked| self.scan.unknown(start));
        if found.kind == Kind::Data {
            self.data = start..found.end;
        }
        found
    }
}
