//! Which requests a copy consists of.

use super::following::Following;
use super::request::Request;
use super::{CopyControl, Scope};
use crate::image::extent::Extent;
use crate::nodes::Node;
use std::sync::Arc;
use tokio::time::Instant;

/// Where a source is cut up into many small pieces, so many bytes of a kind are put together
/// before requests are made of them.
pub(super) const SURVEY_MAX: u64 = 64 << 20;
/// The same where pieces are only counted, so that a cancelled job need not wait for long.
const COUNT_MAX: u64 = 16 << 30;

/// The requests of a copy.
#[derive(Debug)]
pub(super) enum Plan {
    /// Each part once.
    Sweep(Sweep),
    /// Each part that is dirty, as often as it becomes so.
    Following(Following),
}

impl Plan {
    /// Puts a request back, to be made when it is due at the earliest.
    pub(super) fn once_more(&mut self, request: Request, due: Instant) {
        match self {
            Plan::Sweep(sweep) => sweep.once_more(request, due),
            Plan::Following(following) => following.once_more(request, due),
        }
    }

    /// The next request that is due, within the limits.
    pub(super) async fn next(&mut self, limits: Limits) -> Next {
        match self {
            Plan::Sweep(sweep) => sweep.next(limits).await,
            Plan::Following(following) => following.next(limits).await,
        }
    }

    /// Notes that a request is done. Tells how many bytes that counts.
    pub(super) fn finished(&self, request: Request) -> u64 {
        match self {
            Plan::Sweep(sweep) => {
                request.end().next_multiple_of(sweep.survey.granularity) - request.start
            }
            Plan::Following(following) => {
                following.finished(request);
                request.length
            }
        }
    }
}

/// Cuts a source into requests, from its beginning to its end.
///
/// All requests begin at a multiple of the granularity and end at one or at the end of the
/// source; none is for zeroes and for data.
#[derive(Debug)]
pub(super) struct Sweep {
    survey: Survey,
    /// All before it has become a request.
    position: u64,
    /// What was found out last about the bytes from `position` on.
    ahead: Stretch,
    /// Requests to be made again, and when at the earliest.
    again: Vec<(Instant, Request)>,
}

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

/// A stretch of the source that is of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) kind: Kind,
    pub(super) end: u64,
}

/// What is to be done with a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is read and written.
    Data,
    /// It is made zero without being read.
    Zero,
    /// It is left out.
    Outside,
}

impl Sweep {
    pub(super) fn new(survey: Survey) -> Self {
        let ahead = Stretch { kind: Kind::Outside, end: 0 };
        Sweep { survey, position: 0, ahead, again: Vec::new() }
    }

    /// Puts a request back, to be made when it is due at the earliest.
    pub(super) fn once_more(&mut self, request: Request, due: Instant) {
        self.again.push((due, request));
    }

    /// The next request that is due, within the limits.
    pub(super) async fn next(&mut self, limits: Limits) -> Next {
        if let Some(request) = self.next_again(limits) {
            return Next::Request(request);
        }
        while self.position < self.survey.length {
            if self.position >= self.ahead.end {
                self.ahead = self.look_ahead().await;
            }
            let Stretch { kind, end } = self.ahead;
            let start = self.position;
            let zero = match kind {
                Kind::Data => false,
                Kind::Zero => true,
                Kind::Outside => {
                    self.position = end;
                    continue;
                }
            };
            let length = limits.of(zero).min(end - start);
            self.position += length;
            return Next::Request(Request { start, length, zero });
        }
        let earliest = self.again.iter().map(|(due, _)| *due).min();
        earliest.map_or(Next::Done, Next::Later)
    }

    /// A request that was put back and is due. What exceeds the limits stays.
    fn next_again(&mut self, limits: Limits) -> Option<Request> {
        let now = Instant::now();
        let (due, whole) = self.again.extract_if(.., |(due, _)| *due <= now).next()?;
        let length = whole.length.min(limits.of(whole.zero));
        if length < whole.length {
            let rest =
                Request { start: whole.start + length, length: whole.length - length, ..whole };
            self.again.push((due, rest));
        }
        Some(Request { length, ..whole })
    }

    /// Finds out about the source on a thread for blocking work.
    async fn look_ahead(&self) -> Stretch {
        let (survey, start) = (self.survey.clone(), self.position);
        let found = tokio::task::spawn_blocking(move || survey.stretch(start, SURVEY_MAX));
        found.await.unwrap_or_else(|_panicked| self.survey.unknown(start))
    }
}

/// What is looked at, and in which units of work.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub(super) source: Arc<Node>,
    pub(super) scope: Scope,
    pub(super) length: u64,
    pub(super) granularity: u64,
}

impl Survey {
    /// How many bytes of the source are to be copied, in whole units of work.
    pub(super) async fn total<C: CopyControl>(&self, control: &C) -> Result<u64, C::Stop> {
        let mut total = 0;
        let mut position = 0;
        while position < self.length {
            if control.interrupted() {
                control.rest().await?;
            }
            let (survey, start) = (self.clone(), position);
            let found = tokio::task::spawn_blocking(move || survey.stretch(start, COUNT_MAX));
            let found = found.await.unwrap_or_else(|_panicked| self.unknown(start));
            if found.kind != Kind::Outside {
                total += found.end.next_multiple_of(self.granularity) - start;
            }
            position = found.end;
        }
        Ok(total)
    }

    /// Finds the longest stretch of one kind from `start` on, without looking further than needed.
    pub(super) fn stretch(&self, start: u64, longest: u64) -> Stretch {
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
    fn piece(&self, start: u64) -> Stretch {
        let Ok(extent) = self.source.block_status(start, self.length - start) else {
            // Reading will tell what is wrong.
            return self.unknown(start);
        };
        let kind = self.kind(extent);
        let end = start + extent.length;
        if extent.length == 0 || (kind != Kind::Data && end >= self.length) {
            return Stretch { kind, end: self.length };
        }
        let whole_units = end - end % self.granularity;
        if kind != Kind::Data && whole_units > start {
            return Stretch { kind, end: whole_units };
        }
        let end = end.next_multiple_of(self.granularity).min(self.length);
        Stretch { kind: Kind::Data, end }
    }

    fn kind(&self, extent: Extent) -> Kind {
        match self.scope {
            Scope::Top if !extent.allocated => Kind::Outside,
            Scope::Top | Scope::Full if extent.zero => Kind::Zero,
            Scope::Top | Scope::Full => Kind::Data,
        }
    }

    /// A unit of work of which nothing is known.
    pub(super) fn unknown(&self, start: u64) -> Stretch {
        Stretch { kind: Kind::Data, end: (start + self.granularity).min(self.length) }
    }
}
