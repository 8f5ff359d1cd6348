//! The scheduler of requests for dirty units.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::bitmap::DirtyBitmap;
use super::block_status::{Kind, Limits, Next, Run, SCAN_MAX, StatusScan};
use super::request::{Contents, Request};

/// The delay if writers have locked all dirty units, which they do for one request at a time.
const LOCKED_DELAY: Duration = Duration::from_millis(1);

/// Schedules requests for dirty units.
///
/// Units are taken out of the bitmap before their block status is read. A later write makes them
/// dirty again.
#[derive(Debug)]
pub(super) struct Scheduler {
    scan: StatusScan,
    bitmap: Arc<DirtyBitmap>,
    /// The offset at which the search for the next request starts.
    position: u64,
    /// A range that was data at the last scan.
    data: Range<u64>,
    /// The failed ranges, and the times before which they are not retried.
    delayed: Vec<(Instant, Range<u64>)>,
}

impl Scheduler {
    pub(super) fn new(scan: StatusScan, bitmap: Arc<DirtyBitmap>) -> Self {
        Scheduler { scan, bitmap, position: 0, data: 0..0, delayed: Vec::new() }
    }

    /// Schedules a request again, not before `due`.
    pub(super) fn requeue(&mut self, request: Request, due: Instant) {
        let range = request.start..request.end();
        self.bitmap.return_dirty(&range);
        if due > Instant::now() {
            self.delayed.push((due, range));
        }
    }

    /// Completes a request.
    pub(super) fn finished(&self, request: Request) {
        self.bitmap.release(&(request.start..request.end()));
    }

    /// The next request within the limits.
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
        let data_end = taken.end.min(taken.start + limits.data);
        let (contents, end) = match run.kind {
            _ if run.end < data_end => (Contents::Mixed, data_end),
            Kind::Data | Kind::OutOfScope => (Contents::Data, data_end),
            Kind::Zero => {
                let most = taken.start + limits.zeroes;
                (Contents::Zero, run.end.min(taken.end).min(most))
            }
        };
        if end < taken.end {
            self.bitmap.return_dirty(&(end..taken.end));
        }
        self.position = end;
        let (start, length) = (taken.start, end - taken.start);
        Next::Request(Request { start, length, contents })
    }

    /// Scans the block status of the source. A range that was data at the last scan counts as data,
    /// which is always correct. Zeroes are certain only for units that have been taken out of the
    /// bitmap.
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
