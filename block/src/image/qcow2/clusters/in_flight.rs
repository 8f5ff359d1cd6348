//! The requests in flight.

use std::collections::BTreeSet;
use std::ops::Range;

/// The requests in flight, and the ranges in which they allocate clusters.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// The number of the next request.
    next: u64,
    requests: BTreeSet<u64>,
    /// Ranges of the image in whole clusters. Their table entries change when the data have been
    /// written.
    allocations: Vec<Range<u64>>,
}

impl InFlight {
    /// Registers a request, and returns its number.
    pub(super) fn begin(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.requests.insert(number);
        number
    }

    pub(super) fn end(&mut self, number: u64) {
        self.requests.remove(&number);
    }

    /// The number of the next request. All requests that are in flight have lower numbers.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether a request with a lower number is in flight.
    pub(super) fn has_older(&self, number: u64) -> bool {
        self.requests.first().is_some_and(|oldest| *oldest < number)
    }

    /// The number of bytes from `offset` on, at most `length`, in which nothing is allocated.
    pub(super) fn free_of_allocations(&self, offset: u64, length: u64) -> u64 {
        let mut end = offset + length;
        for range in &self.allocations {
            if range.start < end && offset < range.end {
                end = range.start.max(offset);
            }
        }
        end - offset
    }

    pub(super) fn begin_allocation(&mut self, range: Range<u64>) {
        self.allocations.push(range);
    }

    pub(super) fn end_allocation(&mut self, range: &Range<u64>) {
        if let Some(at) = self.allocations.iter().position(|known| known == range) {
            self.allocations.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_an_allocation_begins() {
        let mut in_flight = InFlight::default();
        in_flight.begin_allocation(100..200);
        in_flight.begin_allocation(300..400);
        for (offset, length, expected) in [
            (0, 100, 100),
            (0, 500, 100),
            (100, 1, 0),
            (199, 10, 0),
            (200, 500, 100),
            (400, 9, 9),
        ] {
            assert_eq!(in_flight.free_of_allocations(offset, length), expected, "{offset}");
        }
        in_flight.end_allocation(&(100..200));
        assert_eq!(in_flight.free_of_allocations(0, 500), 300);
    }

    #[test]
    fn older_requests_are_those_that_began_before() {
        let mut in_flight = InFlight::default();
        let (first, second) = (in_flight.begin(), in_flight.begin());
        let later = in_flight.next();
        assert!(in_flight.has_older(later) && in_flight.has_older(second));
        in_flight.end(first);
        assert!(in_flight.has_older(later) && !in_flight.has_older(second));
        in_flight.end(second);
        assert!(!in_flight.has_older(later));
    }
}
