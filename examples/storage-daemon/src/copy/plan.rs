//! Which requests a copy consists of.

use super::request::Request;
use crate::nodes::Node;
use std::sync::Arc;

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
    /// Requests to be made again.
    again: Vec<Request>,
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

    /// Puts a request back.
    pub(super) fn once_more(&mut self, request: Request) {
        self.again.push(request);
    }

    /// The next request, of at most so many bytes.
    pub(super) async fn next(&mut self, data_limit: u64, zero_limit: u64) -> Option<Request> {
        if let Some(request) = self.again.pop() {
            return Some(request);
        }
        if self.position >= self.length {
            return None;
        }
        if self.position >= self.ahead.end {
            self.ahead = self.look_ahead().await;
        }
        let Stretch { zero, end } = self.ahead;
        let limit = if zero { zero_limit } else { data_limit };
        let length = limit.min(end - self.position);
        let request = Request { start: self.position, length, zero };
        self.position += length;
        Some(request)
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
