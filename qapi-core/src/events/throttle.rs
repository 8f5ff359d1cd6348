//! How often events are sent: QEMU's rule (`monitor/monitor.c`).
//!
//! An event that finds its period over is sent at once and begins a new one. One that does not is
//! held, in place of any held before it. When the period ends, what is held is sent and the next
//! period begins; if nothing is held, the event is free again.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

/// How many bytes periods and held events may take together. Thousands of keys fit. Beyond it
/// events are sent as they come: none is lost, and a program with endless keys does not grow.
const SIZE_LIMIT: usize = 4 << 20;

/// What a period takes besides its key and what it holds, roughly.
const PERIOD_SIZE: usize = 256;

/// What has a period of its own: an event, or each value of one of its members.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) event: &'static str,
    pub(super) value: Vec<u8>,
}

/// When a period ends; periods that end together do so in the order in which they began.
type End = (Instant, u64);

/// The periods under way, with what they hold.
#[derive(Debug)]
pub(super) struct Throttle<H> {
    periods: HashMap<Key, Period<H>>,
    ends: BTreeMap<End, Key>,
    begun: u64,
    size: usize,
}

#[derive(Debug)]
struct Period<H> {
    length: Duration,
    held: Option<(H, usize)>,
}

impl<H> Default for Throttle<H> {
    fn default() -> Self {
        Self { periods: HashMap::new(), ends: BTreeMap::new(), begun: 0, size: 0 }
    }
}

impl<H> Throttle<H> {
    /// Whether no period of `key` is under way.
    pub(super) fn is_free(&self, key: &Key) -> bool {
        !self.periods.contains_key(key)
    }

    /// Begins a period of `key`, unless there is no room for one more.
    pub(super) fn begin(&mut self, key: Key, length: Duration, now: Instant) {
        let size = PERIOD_SIZE + 2 * key.value.len();
        if self.size + size > SIZE_LIMIT {
            return;
        }
        self.size += size;
        self.arm(key.clone(), now + length);
        self.periods.insert(key, Period { length, held: None });
    }

    /// Holds `held` until the period of `key` ends, and drops what was held before.
    ///
    /// # Errors
    /// There is no room; what was held before is dropped all the same, as it came earlier.
    pub(super) fn hold(&mut self, key: &Key, held: H, size: usize) -> Result<(), H> {
        let Some(period) = self.periods.get_mut(key) else { return Err(held) };
        if let Some((_, size)) = period.held.take() {
            self.size -= size;
        }
        if self.size + size > SIZE_LIMIT {
            return Err(held);
        }
        self.size += size;
        period.held = Some((held, size));
        Ok(())
    }

    /// When the next period ends.
    pub(super) fn next(&self) -> Option<Instant> {
        self.ends.first_key_value().map(|(&(end, _), _)| end)
    }

    /// Ends the first period that is over by `now`, and begins the next if it held something.
    /// `None` if none is over; else what it held.
    pub(super) fn end_period(&mut self, now: Instant) -> Option<Option<H>> {
        self.next().filter(|end| *end <= now)?;
        let (_, key) = self.ends.pop_first()?;
        let period = self.periods.get_mut(&key)?;
        if let Some((held, size)) = period.held.take() {
            self.size -= size;
            let end = now + period.length;
            self.arm(key, end);
            return Some(Some(held));
        }
        self.size -= PERIOD_SIZE + 2 * key.value.len();
        self.periods.remove(&key);
        Some(None)
    }

    fn arm(&mut self, key: Key, end: Instant) {
        self.begun += 1;
        self.ends.insert((end, self.begun), key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(value: &str) -> Key {
        Key { event: "E", value: value.into() }
    }

    #[test]
    fn endless_keys_do_not_grow() {
        let (mut throttle, now) = (Throttle::<()>::default(), Instant::now());
        let fitting = SIZE_LIMIT / (PERIOD_SIZE + 2 * 8);
        for number in 0..2 * fitting {
            throttle.begin(key(&format!("{number:08}")), SECOND, now);
        }
        assert_eq!(throttle.periods.len(), fitting);
        while throttle.end_period(now + SECOND).is_some() {}
        assert_eq!((throttle.size, throttle.ends.len(), throttle.periods.len()), (0, 0, 0));
    }

    #[test]
    fn what_is_held_is_bounded_and_the_latest_is_never_lost() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let big = SIZE_LIMIT - 2 * PERIOD_SIZE - 4;
        for name in ["a", "b"] {
            throttle.begin(key(name), SECOND, now);
        }
        assert_eq!(throttle.hold(&key("a"), 1, big), Ok(()));
        assert_eq!(throttle.hold(&key("a"), 2, big), Ok(()), "it takes the place of the first");
        assert_eq!(throttle.hold(&key("b"), 3, 1), Err(3), "to be sent at once instead");
        assert_eq!(throttle.hold(&key("a"), 4, big + 1), Err(4));
        assert_eq!(throttle.end_period(now + SECOND), Some(None), "2 came before 4");
    }

    #[test]
    fn a_period_that_held_something_is_followed_by_another() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        throttle.begin(key("a"), SECOND, now);
        assert_eq!(throttle.end_period(now), None);
        assert_eq!(throttle.hold(&key("a"), "held", 4), Ok(()));
        assert_eq!(throttle.end_period(now + SECOND), Some(Some("held")));
        assert_eq!(throttle.next(), Some(now + 2 * SECOND));
        assert!(!throttle.is_free(&key("a")));
        assert_eq!(throttle.end_period(now + 2 * SECOND), Some(None));
        assert!(throttle.is_free(&key("a")));
    }
}
