//! Rate limits of events: QEMU's rule (`monitor/monitor.c`).
//!
//! An event outside a period is sent at once and starts a period. An event within a period is
//! deferred, and replaces the event that was deferred before it. When the period ends, the
//! deferred event is sent and the next period starts; without a deferred event no period starts.
//!
//! This module reads no clock: every time is an argument.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// The maximum number of bytes of all periods and deferred events: room for thousands of keys.
/// Beyond the limit events are sent at once, so that no event is lost and endless keys do not
/// exhaust the memory.
const SIZE_LIMIT: usize = 4 << 20;

/// The approximate number of bytes of a period without its key and its deferred event.
const PERIOD_SIZE: usize = 256;

/// Identifies a period: the name of an event, and the value of its key member if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) event: &'static str,
    pub(super) value: Vec<u8>,
}

/// The end of a period. Periods that end at the same time end in the order in which they started.
type End = (Instant, u64);

/// The running periods and their deferred events, which are of type `E`.
#[derive(Debug)]
pub(super) struct Throttle<E> {
    periods: HashMap<Key, Period<E>>,
    ends: BTreeMap<End, Key>,
    /// The number of periods that have started.
    started: u64,
    /// The number of bytes of all periods and deferred events.
    size: usize,
}

#[derive(Debug)]
struct Period<E> {
    length: Duration,
    deferred: Option<Deferred<E>>,
}

#[derive(Debug)]
struct Deferred<E> {
    event: E,
    size: usize,
}

/// A period that ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended<E> {
    /// The deferred event is to be sent; the next period has started.
    Deferred(E),
    /// No event was deferred, and no period has started.
    Empty,
}

impl<E> Default for Throttle<E> {
    fn default() -> Self {
        Self { periods: HashMap::new(), ends: BTreeMap::new(), started: 0, size: 0 }
    }
}

impl<E> Throttle<E> {
    /// Whether no period of `key` runs.
    pub(super) fn is_idle(&self, key: &Key) -> bool {
        !self.periods.contains_key(key)
    }

    /// Whether an event of `key` is deferred.
    #[cfg(feature = "metrics")]
    pub(super) fn has_deferred(&self, key: &Key) -> bool {
        self.periods.get(key).is_some_and(|period| period.deferred.is_some())
    }

    /// Starts a period of `key` at `now`, unless the size limit is reached.
    pub(super) fn start(&mut self, key: Key, length: Duration, now: Instant) {
        let size = period_size(&key);
        if self.size + size > SIZE_LIMIT {
            return;
        }
        self.size += size;
        self.schedule(key.clone(), now + length);
        self.periods.insert(key, Period { length, deferred: None });
    }

    /// Defers `event`, which takes `size` bytes, until the period of `key` ends. Drops the event
    /// that was deferred before.
    ///
    /// # Errors
    /// The size limit is reached, or no period runs: `event` is returned. The event that was
    /// deferred before is dropped in any case, as it is older.
    pub(super) fn defer(&mut self, key: &Key, event: E, size: usize) -> Result<(), E> {
        let Some(period) = self.periods.get_mut(key) else { return Err(event) };
        if let Some(replaced) = period.deferred.take() {
            self.size -= replaced.size;
        }
        if self.size + size > SIZE_LIMIT {
            return Err(event);
        }
        self.size += size;
        period.deferred = Some(Deferred { event, size });
        Ok(())
    }

    /// Takes the deferred events whose keys `selects` accepts, in the order in which their periods
    /// end. The periods continue.
    pub(super) fn take_deferred(&mut self, mut selects: impl FnMut(&Key) -> bool) -> Vec<E> {
        let mut taken = Vec::new();
        for key in self.ends.values().filter(|key| selects(key)) {
            let deferred = self.periods.get_mut(key).and_then(|period| period.deferred.take());
            if let Some(Deferred { event, size }) = deferred {
                self.size -= size;
                taken.push(event);
            }
        }
        taken
    }

    /// When the next period ends.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.ends.first_key_value().map(|(&(end, _), _)| end)
    }

    /// Ends the first period that is over at `now`; `None` if no period is over.
    pub(super) fn end_period(&mut self, now: Instant) -> Option<Ended<E>> {
        self.next_end().filter(|end| *end <= now)?;
        let (_, key) = self.ends.pop_first()?;
        let period = self.periods.get_mut(&key)?;
        if let Some(Deferred { event, size }) = period.deferred.take() {
            self.size -= size;
            let end = now + period.length;
            self.schedule(key, end);
            return Some(Ended::Deferred(event));
        }
        self.size -= period_size(&key);
        self.periods.remove(&key);
        Some(Ended::Empty)
    }

    fn schedule(&mut self, key: Key, end: Instant) {
        self.started += 1;
        self.ends.insert((end, self.started), key);
    }
}

/// The number of bytes of a period without a deferred event. Two maps contain its key.
fn period_size(key: &Key) -> usize {
    PERIOD_SIZE + 2 * key.value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(value: &str) -> Key {
        Key { event: "E", value: value.into() }
    }

    #[test]
    fn endless_keys_take_bounded_memory() {
        let (mut throttle, now) = (Throttle::<()>::default(), Instant::now());
        let fitting = SIZE_LIMIT / (PERIOD_SIZE + 2 * 8);
        let keys: Vec<Key> =
            (0..2 * fitting).map(|number| key(&format!("{number:08}"))).collect();
        // The second round shows that the end of a period frees its bytes.
        for round in 0..2 {
            let start = now + 2 * round * SECOND;
            for key in &keys {
                throttle.start(key.clone(), SECOND, start);
            }
            assert_eq!(keys.iter().filter(|key| !throttle.is_idle(key)).count(), fitting);
            while throttle.end_period(start + SECOND).is_some() {}
            assert!(keys.iter().all(|key| throttle.is_idle(key)));
            assert_eq!(throttle.next_end(), None);
        }
    }

    #[test]
    fn deferred_events_take_bounded_memory_and_the_latest_is_never_lost() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let big = SIZE_LIMIT - 2 * PERIOD_SIZE - 4;
        for name in ["a", "b"] {
            throttle.start(key(name), SECOND, now);
        }
        assert_eq!(throttle.defer(&key("a"), 1, big), Ok(()));
        assert_eq!(throttle.defer(&key("a"), 2, big), Ok(()), "2 replaces 1");
        assert_eq!(
            throttle.defer(&key("b"), 3, 1),
            Err(3),
            "3 exceeds the limit and is returned"
        );
        assert_eq!(throttle.defer(&key("a"), 4, big + 1), Err(4));
        assert_eq!(
            throttle.end_period(now + SECOND),
            Some(Ended::Empty),
            "4 was returned, and 2 is older and was dropped"
        );
    }

    #[test]
    fn a_period_with_a_deferred_event_is_followed_by_another() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        throttle.start(key("a"), SECOND, now);
        assert_eq!(throttle.end_period(now), None);
        assert_eq!(throttle.defer(&key("a"), "deferred", 4), Ok(()));
        assert_eq!(throttle.end_period(now + SECOND), Some(Ended::Deferred("deferred")));
        assert_eq!(throttle.next_end(), Some(now + 2 * SECOND));
        assert!(!throttle.is_idle(&key("a")));
        assert_eq!(throttle.end_period(now + 2 * SECOND), Some(Ended::Empty));
        assert!(throttle.is_idle(&key("a")));
    }
}
