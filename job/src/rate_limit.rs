//! The rate limit of a job.

use std::time::Duration;

use tokio::time::Instant;

use crate::options::Speed;
use crate::sync::{Mutex, MutexGuard};

/// The longest single sleep. A driver tries again afterwards, so that the limit does not change the
/// speed. The limit prevents an overflow of the clock at a low speed.
const SLEEP_MAX: Duration = Duration::from_secs(3600);

const NANOSECONDS: u128 = 1_000_000_000;

/// A rate limiter.
///
/// A request for bytes passes at once if there is no debt, and its bytes become the debt. The debt
/// decreases at the job's speed, and further requests wait until it is zero. Time without a debt
/// earns no credit: after a pause a job continues at its speed and does not catch up. The debt is
/// counted in bytes, so that a new speed applies to it at once.
#[derive(Debug)]
pub(crate) struct RateLimit {
    debt: Mutex<Debt>,
}

#[derive(Debug)]
struct Debt {
    speed: Speed,
    /// Bytes, times a billion: no fraction of a byte is lost, however often the debt is updated.
    owed: u128,
    /// The time up to which the debt has been paid.
    paid_at: Instant,
}

impl RateLimit {
    pub(crate) fn new(speed: Speed) -> Self {
        Self { debt: Mutex::new(Debt { speed, owed: 0, paid_at: Instant::now() }) }
    }

    pub(crate) fn speed(&self) -> Speed {
        self.lock().speed
    }

    /// Sets the limit, and returns the old one.
    pub(crate) fn set_speed(&self, speed: Speed) -> Speed {
        let mut debt = self.lock();
        debt.pay();
        std::mem::replace(&mut debt.speed, speed)
    }

    /// Takes `bytes`, if there is no debt.
    ///
    /// # Errors
    /// The time to sleep before the next try. The debt may still exist afterwards.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), Duration> {
        let mut debt = self.lock();
        debt.pay();
        if debt.speed.is_unlimited() {
            debt.owed = 0;
            return Ok(());
        }
        if debt.owed > 0 {
            let nanoseconds = debt.owed.div_ceil(u128::from(debt.speed.bytes_per_second()));
            let wait = u64::try_from(nanoseconds).map_or(SLEEP_MAX, Duration::from_nanos);
            return Err(wait.min(SLEEP_MAX));
        }
        debt.owed = u128::from(bytes) * NANOSECONDS;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Debt> {
        self.debt.lock()
    }
}

impl Debt {
    fn pay(&mut self) {
        let now = Instant::now();
        let speed = u128::from(self.speed.bytes_per_second());
        let paid = (now - self.paid_at).as_nanos().saturating_mul(speed);
        self.owed = self.owed.saturating_sub(paid);
        self.paid_at = now;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_first_bytes_pass_and_the_next_wait_for_their_cost() {
        let limit = RateLimit::new(Speed::new(1000));
        assert_eq!(limit.take(500), Ok(()));
        assert_eq!(limit.take(500), Err(SECOND / 2));
        advance(SECOND / 4).await;
        assert_eq!(limit.take(500), Err(SECOND / 4));
        advance(SECOND / 4).await;
        assert_eq!(limit.take(500), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn time_not_used_is_lost() {
        let limit = RateLimit::new(Speed::new(1000));
        assert_eq!(limit.take(1000), Ok(()));
        advance(100 * SECOND).await;
        assert_eq!(limit.take(1000), Ok(()));
        assert_eq!(limit.take(1000), Err(SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_speed_applies_to_the_debt() {
        let limit = RateLimit::new(Speed::new(10));
        assert_eq!(limit.take(1000), Ok(()));
        assert_eq!(limit.take(1), Err(100 * SECOND));
        limit.set_speed(Speed::new(1000));
        assert_eq!(limit.take(1), Err(SECOND));
        limit.set_speed(Speed::new(0));
        assert_eq!(limit.take(1), Ok(()));
        limit.set_speed(Speed::new(10));
        assert_eq!(limit.take(1), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_speed_and_the_largest_size_overflow_nothing() {
        let limit = RateLimit::new(Speed::new(1));
        assert_eq!(limit.take(u64::MAX), Ok(()));
        assert_eq!(limit.take(1), Err(SLEEP_MAX));
        limit.set_speed(Speed::new(u64::MAX));
        advance(2 * SECOND).await;
        assert_eq!(limit.take(1), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn asking_often_loses_no_fraction() {
        let limit = RateLimit::new(Speed::new(1));
        assert_eq!(limit.take(1), Ok(()));
        for _ in 0..1000 {
            assert!(limit.take(1).is_err());
            advance(SECOND / 1000).await;
        }
        assert_eq!(limit.take(1), Ok(()));
    }
}
