//! Scans of the block status of a source.

use std::ops::Range;
use std::sync::Arc;

use tokio::time::Instant;

use super::control::CopyControl;
use super::request::Request;
use crate::image::extent::Extent;
use crate::nodes::Node;

/// The part of the source that is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All visible data.
    #[default]
    Full,
    /// The data that the source itself has allocated, without its backing files. Units of work that
    /// are allocated in part are copied whole.
    Top,
}

/// The largest number of bytes of one kind that a scan merges before a request is made.
pub(super) const SCAN_MAX: u64 = 64 << 20;
/// The largest number of bytes of one kind that a scan merges to skip them. The limit bounds the
/// delay until a job can be cancelled.
const SKIP_SCAN_MAX: u64 = 16 << 30;

/// The longest hole that is copied like the data around it. A read and a write of that many bytes
/// cost about as much as the two additional requests without them.
const HOLE_MAX: u64 = 16 << 10;

/// The largest number of bytes of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For data, and for data mixed with zeroes.
    pub(super) data: u64,
    /// For zeroes.
    pub(super) zeroes: u64,
}

/// The next step of a copy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// To make this request.
    Request(Request),
    /// To wait until this time.
    Later(Instant),
    /// The copy is done.
    Done,
}

/// A range of the source of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) kind: Kind,
    pub(super) end: u64,
}

/// The kind of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Data: the range is copied.
    Data,
    /// Zeroes: the range is zeroed without a read.
    Zero,
    /// Not in scope: the range is skipped.
    OutOfScope,
}

/// The source of a scan, and the unit of work.
#[derive(Clone, Debug)]
pub(super) struct StatusScan {
    pub(super) source: Arc<Node>,
    pub(super) scope: Scope,
    pub(super) length: u64,
    pub(super) granularity: u64,
}

impl StatusScan {
    /// Calls `outside` for all ranges that are not in scope.
    ///
    /// # Errors
    /// The job stops.
    pub(super) async fn find_out_of_scope<C: CopyControl>(
        &self,
        control: &C,
        outside: impl Fn(Range<u64>),
    ) -> Result<(), C::Stop> {
        let mut position = 0;
        while position < self.length {
            if control.interrupted() {
                control.pause_point().await?;
            }
            let (scan, start) = (self.clone(), position);
            let found = tokio::task::spawn_blocking(move || scan.run_at(start, SKIP_SCAN_MAX));
            let found = found.await.unwrap_or_else(|_panicked| self.unknown(start));
            if found.kind == Kind::OutOfScope {
                outside(start..found.end);
            }
            position = found.end;
        }
        Ok(())
    }

    /// The longest run of one kind from `start` on. The scan ends once the run has `longest` bytes.
    pub(super) fn run_at(&self, start: u64, longest: u64) -> Run {
        let mut whole = self.piece(start);
        while whole.end < self.length && whole.end - start < longest {
            let next = self.piece(whole.end);
            if next.kind != whole.kind {
                break;
            }
            whole.end = next.end;
        }
        whole
    }

    /// The longest run of one kind in a range, regardless of units of work. Data may contain short
    /// holes.
    pub(super) fn exact_run(&self, range: &Range<u64>) -> Run {
        let Range { start, end } = *range;
        let mut whole: Option<Run> = None;
        let mut at = start;
        while at < end {
            let (kind, length) = match self.source.block_status(at, end - at) {
                Ok(extent) if extent.length > 0 => (self.kind(extent), extent.length),
                // The read of the data will report the error.
                Ok(_) | Err(_) => (Kind::Data, end - at),
            };
            match &mut whole {
                None => whole = Some(Run { kind, end: at + length }),
                Some(run) if run.kind == kind => run.end = at + length,
                Some(Run { kind: Kind::Data, .. }) if length <= HOLE_MAX => {}
                Some(_) => break,
            }
            at += length;
        }
        whole.unwrap_or(Run { kind: Kind::Data, end })
    }

    /// Whether a range is data without holes.
    pub(super) fn is_data(&self, range: &Range<u64>) -> bool {
        let first = self.exact_run(range);
        first.kind == Kind::Data && first.end >= range.end
    }

    /// The run at `start` according to one query of the block status, in whole units of work. Units
    /// of more than one kind are data.
    fn piece(&self, start: u64) -> Run {
        let Ok(extent) = self.source.block_status(start, self.length - start) else {
            // The read of the data will report the error.
            return self.unknown(start);
        };
        let kind = self.kind(extent);
        let end = start + extent.length;
        if extent.length == 0 || (kind != Kind::Data && end >= self.length) {
            return Run { kind, end: self.length };
        }
        let whole_units = end - end % self.granularity;
        if kind != Kind::Data && whole_units > start {
            return Run { kind, end: whole_units };
        }
        let end = end.next_multiple_of(self.granularity).min(self.length);
        Run { kind: Kind::Data, end }
    }

    fn kind(&self, extent: Extent) -> Kind {
        match self.scope {
            Scope::Top if !extent.allocated => Kind::OutOfScope,
            Scope::Top | Scope::Full if extent.zero => Kind::Zero,
            Scope::Top | Scope::Full => Kind::Data,
        }
    }

    /// A unit of work with an unknown block status.
    pub(super) fn unknown(&self, start: u64) -> Run {
        Run { kind: Kind::Data, end: (start + self.granularity).min(self.length) }
    }
}
