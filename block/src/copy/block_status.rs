//! What is found out about a source, and what follows for the next request.

use super::control::CopyControl;
use super::request::Request;
use crate::image::extent::Extent;
use crate::nodes::Node;
use std::ops::Range;
use std::sync::Arc;
use tokio::time::Instant;

/// What of the source is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything that a user of the source sees.
    #[default]
    Full,
    /// What the source itself holds, without its backing files. Units of work of which it holds
    /// a part are copied whole.
    Top,
}

/// Where a source is cut up into many small pieces, so many bytes of a kind are put together
/// before requests are made of them.
pub(super) const SCAN_MAX: u64 = 64 << 20;
/// The same where pieces are only left out, so that a cancelled job need not wait for long.
const SKIP_SCAN_MAX: u64 = 16 << 30;

/// The most bytes that a request may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// With data.
    pub(super) data: u64,
    /// With nothing but zeroes.
    pub(super) zeroes: u64,
}

impl Limits {
    pub(super) fn of(self, zero: bool) -> u64 {
        if zero { self.zeroes } else { self.data }
    }
}

/// What is to be done next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// This request.
    Request(Request),
    /// Nothing, before this moment.
    Later(Instant),
    /// Nothing more.
    Done,
}

/// A run of the source that is of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) kind: Kind,
    pub(super) end: u64,
}

/// What is to be done with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is read and written.
    Data,
    /// It is made zero without being read.
    Zero,
    /// It is left out.
    OutOfScope,
}

/// What is looked at, and in which units of work.
#[derive(Clone, Debug)]
pub(super) struct StatusScan {
    pub(super) source: Arc<Node>,
    pub(super) scope: Scope,
    pub(super) length: u64,
    pub(super) granularity: u64,
}

impl StatusScan {
    /// Tells `outside` of all that is to be left out.
    ///
    /// # Errors
    /// The job around it stops.
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

    /// Finds the longest run of one kind from `start` on, without looking further than needed.
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

    /// What the source says of the bytes at `start`, in whole units of work: units that are not
    /// known to be of another kind from end to end are data.
    fn piece(&self, start: u64) -> Run {
        let Ok(extent) = self.source.block_status(start, self.length - start) else {
            // Reading will tell what is wrong.
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

    /// A unit of work of which nothing is known.
    pub(super) fn unknown(&self, start: u64) -> Run {
        Run { kind: Kind::Data, end: (start + self.granularity).min(self.length) }
    }
}
