//! Leaky buckets: how much of each limit is used up.
//!
//! The algorithm is that of QEMU. A request is admitted as long as no bucket is full, and then
//! fills the buckets, beyond their size if need be. Time comes from the caller.

use std::time::Duration;

use super::limits::{Limit, Scope, ThrottleLimits, Unit};

/// The direction of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A read.
    Read,
    /// A write, or a request to zero or to discard.
    Write,
}

impl Direction {
    fn scope(self) -> Scope {
        match self {
            Direction::Read => Scope::Read,
            Direction::Write => Scope::Write,
        }
    }
}

/// How full the bucket of a limit is, in units.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    level: f64,
    /// The level of the bucket that limits the rate of bursts.
    burst: f64,
}

/// The buckets of all limits.
#[derive(Debug)]
pub(super) struct Buckets {
    limits: ThrottleLimits,
    levels: [Level; ThrottleLimits::COUNT],
    /// The time up to which the buckets have leaked.
    leaked: Duration,
}

impl Buckets {
    /// Empty buckets at a time.
    pub(super) fn new(limits: ThrottleLimits, now: Duration) -> Self {
        Buckets { limits, levels: Default::default(), leaked: now }
    }

    /// The limits.
    pub(super) fn limits(&self) -> &ThrottleLimits {
        &self.limits
    }

    /// How long a request has to wait until it is admitted.
    pub(super) fn wait(&mut self, direction: Direction, now: Duration) -> Duration {
        self.leak(now);
        let wait = |index: usize| self.limits.all()[index].wait(self.levels[index]);
        let seconds = buckets_of(direction).map(wait).into_iter().fold(0.0, f64::max);
        if seconds > 0.0 {
            // A time of 0 would mean that the request is admitted.
            let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            wait.max(Duration::from_nanos(1))
        } else {
            Duration::ZERO
        }
    }

    /// Counts a request of `size` bytes that has been admitted.
    pub(super) fn count(&mut self, direction: Direction, size: u64) {
        let large = self.limits.request_size > 0 && size > self.limits.request_size;
        let requests = if large { size as f64 / self.limits.request_size as f64 } else { 1.0 };
        for index in buckets_of(direction) {
            let is_bytes = index <= ThrottleLimits::index(Unit::Bytes, Scope::Write);
            let units = if is_bytes { size as f64 } else { requests };
            self.levels[index].level += units;
            if self.limits.all()[index].burst_length > 1 {
                self.levels[index].burst += units;
            }
        }
    }

    fn leak(&mut self, now: Duration) {
        let seconds = now.saturating_sub(self.leaked).as_secs_f64();
        self.leaked = self.leaked.max(now);
        for (limit, level) in self.limits.all().iter().zip(&mut self.levels) {
            level.level = (level.level - limit.rate as f64 * seconds).max(0.0);
            level.burst = (level.burst - limit.burst_rate as f64 * seconds).max(0.0);
        }
    }
}

/// The places of the limits that apply to a request.
fn buckets_of(direction: Direction) -> [usize; 4] {
    let index = ThrottleLimits::index;
    let own = direction.scope();
    [
        index(Unit::Bytes, Scope::Total),
        index(Unit::Requests, Scope::Total),
        index(Unit::Bytes, own),
        index(Unit::Requests, own),
    ]
}

impl Limit {
    /// How long a request has to wait, in seconds.
    fn wait(&self, Level { level, burst }: Level) -> f64 {
        if self.rate == 0 {
            return 0.0;
        }
        let (rate, burst_rate) = (self.rate as f64, self.burst_rate as f64);
        // Without a rate of bursts, short ones are allowed nevertheless: otherwise each second
        // request would wait.
        let size = match self.burst_rate {
            0 => rate / 10.0,
            _given => burst_rate * self.burst_length as f64,
        };
        if level > size {
            return (level - size) / rate;
        }
        if self.burst_length > 1 && burst > burst_rate / 10.0 {
            return (burst - burst_rate / 10.0) / burst_rate;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn buckets(unit: Unit, scope: Scope, limit: Limit, request_size: u64) -> Buckets {
        let mut limits = ThrottleLimits { request_size, ..ThrottleLimits::default() };
        *limits.limit_mut(unit, scope) = limit;
        limits.check().expect("the limits agree");
        Buckets::new(limits, Duration::ZERO)
    }

    /// The times at which requests are made that follow each other as fast as they are admitted.
    fn times(
        buckets: &mut Buckets,
        direction: Direction,
        size: u64,
        count: usize,
    ) -> Vec<Duration> {
        let mut now = Duration::ZERO;
        let mut admit = || {
            loop {
                match buckets.wait(direction, now) {
                    Duration::ZERO => break,
                    wait => now += wait,
                }
            }
            buckets.count(direction, size);
            now
        };
        (0..count).map(|_| admit()).collect()
    }

    fn milliseconds(times: &[Duration]) -> Vec<u128> {
        times.iter().map(|time| (time.as_nanos() + 500_000) / 1_000_000).collect()
    }

    #[test]
    fn requests_are_made_at_the_rate_of_the_limit() {
        let limit = Limit { rate: 10, ..Limit::default() };
        for direction in [Direction::Read, Direction::Write] {
            let mut requests = buckets(Unit::Requests, Scope::Total, limit, 0);
            let made = times(&mut requests, direction, 4096, 5);
            // The bucket holds the requests of a tenth of a second: one.
            assert_eq!(milliseconds(&made), [0, 0, 100, 200, 300]);
        }
        let limit = Limit { rate: 1 << 20, ..Limit::default() };
        let mut bytes = buckets(Unit::Bytes, Scope::Write, limit, 0);
        let made = times(&mut bytes, Direction::Write, 1 << 20, 4);
        assert_eq!(milliseconds(&made), [0, 900, 1900, 2900]);
        let other = times(&mut bytes, Direction::Read, 1 << 20, 4);
        assert_eq!(milliseconds(&other), [0; 4]);
    }

    #[test]
    fn large_requests_count_as_several() {
        let limit = Limit { rate: 10, ..Limit::default() };
        let mut requests = buckets(Unit::Requests, Scope::Read, limit, 4096);
        let made = times(&mut requests, Direction::Read, 16384, 4);
        assert_eq!(milliseconds(&made), [0, 300, 700, 1100]);
        let mut requests = buckets(Unit::Requests, Scope::Read, limit, 4096);
        let made = times(&mut requests, Direction::Read, 512, 4);
        assert_eq!(milliseconds(&made), [0, 0, 100, 200]);
    }

    #[test]
    fn bursts_have_a_rate_and_a_length() {
        let limit = Limit { rate: 10, burst_rate: 100, burst_length: 2 };
        let mut requests = buckets(Unit::Requests, Scope::Total, limit, 0);
        let made = times(&mut requests, Direction::Read, 512, 400);
        // Bursts of a tenth of a second come at once, the others at 100 requests a second.
        assert_eq!(milliseconds(&made[..13]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
        // After the burst, only the rate remains: 200 units fit into the bucket, which leaks 10
        // a second meanwhile.
        let steady = made.windows(2).skip(300).map(|two| two[1] - two[0]);
        assert!(steady.into_iter().all(|gap| gap.as_millis().abs_diff(100) <= 1));
        let slow = made.iter().position(|time| *time > 3 * SECOND).expect("the burst ends");
        assert!((200..=240).contains(&slow), "{slow}");
    }

    #[test]
    fn time_that_goes_backwards_empties_no_bucket() {
        let limit = Limit { rate: 1, ..Limit::default() };
        let mut requests =
            Buckets::new(*buckets(Unit::Requests, Scope::Total, limit, 0).limits(), 10 * SECOND);
        requests.count(Direction::Read, 1);
        let full = requests.wait(Direction::Read, 10 * SECOND);
        assert_eq!(requests.wait(Direction::Read, SECOND), full);
        assert_eq!(requests.wait(Direction::Read, 20 * SECOND), Duration::ZERO);
    }
}
