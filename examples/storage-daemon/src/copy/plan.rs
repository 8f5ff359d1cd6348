//! Which requests a copy consists of.

use super::request::Request;
use crate::nodes::Node;
use std::sync::Arc;
use tokio::time::Instant;

/// Where a source is cut up into many small pieces, so many bytes of a kind are put together
/// before requests are made of them.
const SURVEY_MAX: u64 = 64 << 20;

/// Cuts a source into requests, from its beginning to its end.
///
/// All requests begin at a multiple of the granularity and end at one or at the end of the
/// source; none is for zeroes and for data.
#[derive(Debug)]
pub(super) struct Plan {
    source: Arc<Node>,
    length: u64,
    granularity: u64,
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
    fn of(self, zero: bool) -> u64 {
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
struct Stretch {
    zero: bool,
    end: u64,
}

impl Plan {
    pub(super) fn new(source: Arc<Node>, length: u64, granularity: u64) -> Self {
        let ahead = Stretch { zero: false, end: 0 };
        Plan { source, length, granularity, position: 0, ahead, again: Vec::new() }
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
        if self.position >= self.length {
            let earliest = self.again.iter().map(|(due, _)| *due).min();
            return earliest.map_or(Next::Done, Next::Later);
        }
        if self.position >= self.ahead.end {
            self.ahead = self.look_ahead().await;
        }
        let Stretch { zero, end } = self.ahead;
        let length = limits.of(zero).min(end - self.position);
        let request = Request { start: self.position, length, zero };
        self.position += length;
        Next::Request(request)
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
        let source = Arc::clone(&self.source);
        let (start, length, granularity) = (self.position, self.length, self.granularity);
        let found =
            tokio::task::spawn_blocking(move || survey(&source, start, length, granularity));
        found.await.unwrap_or_else(|_panicked| unknown(start, length, granularity))
    }
}

/// Finds the longest stretch of one kind from `start` on, without looking further than needed.
fn survey(source: &Node, start: u64, length: u64, granularity: u64) -> Stretch {
    let mut whole = piece(source, start, length, granularity);
    while whole.end < length && whole.end - start < SURVEY_MAX {
        let next = piece(source, whole.end, length, granularity);
        if next.zero != whole.zero {
            break;
        }
        whole.end = next.end;
    }
    whole
}

/// What the source says of the bytes at `start`, in whole units of work: units that are not known
/// to be zero from end to end are data.
fn piece(source: &Node, start: u64, length: u64, granularity: u64) -> Stretch {
    let Ok(extent) = source.block_status(start, length - start) else {
        // Reading will tell what is wrong.
        return unknown(start, length, granularity);
    };
    let end = start + extent.length;
    if extent.length == 0 || (extent.zero && end >= length) {
        return Stretch { zero: extent.zero, end: length };
    }
    let whole_units = end - end % granularity;
    if extent.zero && whole_units > start {
        return Stretch { zero: true, end: whole_units };
    }
    Stretch { zero: false, end: end.next_multiple_of(granularity).min(length) }
}

/// A unit of work of which nothing is known.
fn unknown(start: u64, length: u64, granularity: u64) -> Stretch {
    Stretch { zero: false, end: (start + granularity).min(length) }
}
