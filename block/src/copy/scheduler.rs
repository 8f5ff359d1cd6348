//! The scheduler of requests for dirty units.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
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
    cursor: Mutex<Cursor>,
    /// The failed ranges, and the times before which they are not retried.
    delayed: Mutex<Vec<(Instant, Range<u64>)>>,
}

/// The place of the scheduler in the source. Locked during scans, which may block.
#[derive(Debug)]
struct Cursor {
    /// The offset at which the search for the next request starts.
    position: u64,
    /// A range that was data at the last scan.
    data: Range<u64>,
}

impl Scheduler {
    pub(super) fn new(scan: StatusScan, bitmap: Arc<DirtyBitmap>) -> Self {
        let cursor = Mutex::new(Cursor { position: 0, data: 0..0 });
        Scheduler { scan, bitmap, cursor, delayed: Mutex::default() }
    }

    /// The source, and the unit of work.
    pub(super) fn scan(&self) -> &StatusScan {
        &self.scan
    }

    /// Whether any unit is dirty that no request has taken.
    pub(super) fn has_dirty(&self) -> bool {
        self.bitmap.has_dirty()
    }

    /// Schedules a request again, not before `due`.
    pub(super) fn requeue(&self, request: Request, due: Instant) {
        let range = request.start..request.end();
        if due > Instant::now() {
            self.delayed.lock().push((due, range.clone()));
        }
        self.bitmap.return_dirty(&range);
    }

    /// Completes a request.
    pub(super) fn finished(&self, request: Request) {
        self.bitmap.release(&(request.start..request.end()));
    }

    /// The next request within the limits. Blocks the thread.
    pub(super) fn next(&self, limits: Limits) -> Next {
        let now = Instant::now();
        let mut cursor = self.cursor.lock();
        let delayed = {
            let mut delayed = self.delayed.lock();
            delayed.retain(|(due, _)| *due > now);
            delayed.clone()
        };
        let ranges: Vec<_> = delayed.iter().map(|(_, range)| range.clone()).collect();
        let Some(taken) = self.bitmap.take(cursor.position, limits.data, &ranges) else {
            let earliest = delayed.iter().map(|(due, _)| *due).min();
            return match earliest {
                Some(due) => Next::Later(due),
                None if self.bitmap.has_dirty() => Next::Later(now + LOCKED_DELAY),
                None => Next::Done,
            };
        };
        let run = self.scan_at(&mut cursor, taken.start, SCAN_MAX);
        let is_zero = run.kind == Kind::Zero && run.end >= taken.end;
        let contents = if is_zero { Contents::Zero } else { Contents::Data };
        let end =
            if is_zero { self.extend_zeroes(&taken, run, limits, &ranges) } else { taken.end };
        cursor.position = end;
        Next::Request(Request { start: taken.start, length: end - taken.start, contents })
    }

    /// Takes more units of a run of zeroes, and returns the end of the units that are zero.
    fn extend_zeroes(
        &self,
        taken: &Range<u64>,
        run: Run,
        limits: Limits,
        delayed: &[Range<u64>],
    ) -> u64 {
        let most = run.end.min(taken.start.saturating_add(limits.zeroes));
        let end = self.bitmap.take_more(taken, most, delayed);
        if end == taken.end {
            return end;
        }
        // A write before the units were taken may have changed them, and made them dirty.
        let still = self.scan.run_at(taken.end, end - taken.end);
        let zero_end = match still.kind {
            Kind::Zero => still.end.min(end),
            Kind::Data | Kind::OutOfScope => taken.end,
        };
        if zero_end < end {
            self.bitmap.return_dirty(&(zero_end..end));
        }
        zero_end
    }

    /// Scans the block status of the source. A range that was data at the last scan counts as data,
    /// which is always correct. Zeroes are certain only for units that have been taken out of the
    /// bitmap.
    fn scan_at(&self, cursor: &mut Cursor, start: u64, longest: u64) -> Run {
        if cursor.data.contains(&start) {
            return Run { kind: Kind::Data, end: cursor.data.end };
        }
        let found = self.scan.run_at(start, longest);
        if found.kind == Kind::Data {
            cursor.data = start..found.end;
        }
        found
    }
}
