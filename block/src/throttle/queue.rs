//! The order of the requests that wait: the members of a group take turns, as in QEMU.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Condvar;

/// The requests of one direction that wait, by member. One of them has the turn.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Only members with requests that wait.
    waiting: BTreeMap<u64, VecDeque<Waiting>>,
    /// The request that is admitted next, if any waits.
    turn: Option<u64>,
}

/// A request that waits.
#[derive(Debug)]
struct Waiting {
    request: u64,
    /// Notified when the request has the turn, or need not wait any more.
    woken: Arc<Condvar>,
}

impl Queue {
    /// Adds a request. It has the turn if no other request waits.
    pub(super) fn push(&mut self, member: u64, request: u64) -> Arc<Condvar> {
        let woken = Arc::new(Condvar::new());
        let waiting = Waiting { request, woken: Arc::clone(&woken) };
        self.waiting.entry(member).or_default().push_back(waiting);
        self.turn.get_or_insert(request);
        woken
    }

    /// Whether a request is the one that is admitted next.
    pub(super) fn has_turn(&self, request: u64) -> bool {
        self.turn == Some(request)
    }

    /// Removes a request, which waits no more.
    pub(super) fn remove(&mut self, member: u64, request: u64) {
        if let Some(requests) = self.waiting.get_mut(&member) {
            requests.retain(|waiting| waiting.request != request);
            if requests.is_empty() {
                self.waiting.remove(&member);
            }
        }
        self.turn.take_if(|turn| *turn == request);
    }

    /// Gives the turn to another request, after one of `member` has been admitted, and wakes it.
    ///
    /// As in QEMU, it is the turn of the next member if the next request must wait. Otherwise, the
    /// same member may make another request.
    pub(super) fn pass_turn(&mut self, member: u64, must_wait: bool) {
        if self.turn.is_some() {
            return;
        }
        let same = if must_wait { None } else { self.waiting.get_key_value(&member) };
        let after = (Bound::Excluded(member), Bound::Unbounded);
        let next = same
            .into_iter()
            .chain(self.waiting.range(after))
            .chain(&self.waiting)
            .find_map(|(_, requests)| requests.front());
        if let Some(Waiting { request, woken }) = next {
            self.turn = Some(*request);
            woken.notify_one();
        }
    }

    /// Wakes all requests.
    pub(super) fn wake_all(&self) {
        for waiting in self.waiting.values().flatten() {
            waiting.woken.notify_one();
        }
    }

    /// Whether no request waits.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: [(u64, u64); 6] = [(1, 10), (1, 11), (1, 12), (3, 13), (2, 14), (3, 15)];

    /// The order in which the requests are admitted.
    fn order(must_wait: bool) -> Vec<u64> {
        let mut queue = Queue::default();
        for (member, request) in REQUESTS {
            queue.push(member, request);
        }
        let mut admitted = Vec::new();
        while let Some(request) = queue.turn {
            let (member, _) = REQUESTS[request as usize - 10];
            queue.remove(member, request);
            queue.pass_turn(member, must_wait);
            admitted.push(request);
        }
        assert!(queue.is_empty());
        admitted
    }

    #[test]
    fn members_take_turns_while_requests_must_wait() {
        assert_eq!(order(true), [10, 14, 13, 11, 15, 12]);
        assert_eq!(order(false), [10, 11, 12, 14, 13, 15]);
    }

    #[test]
    fn the_turn_of_a_request_that_is_released_passes_on() {
        let mut queue = Queue::default();
        for (member, request) in REQUESTS {
            queue.push(member, request);
        }
        // A request without the turn leaves it where it is.
        queue.remove(3, 13);
        queue.pass_turn(3, true);
        assert!(queue.has_turn(10));
        queue.remove(1, 10);
        queue.pass_turn(1, true);
        assert!(queue.has_turn(14));
    }
}
