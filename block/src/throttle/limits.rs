//! The limits of a throttle group, and the rules for them, which are those of QEMU.

use crate::error::{Error, Result};

/// The largest rate, in bytes or requests a second.
pub const RATE_MAX: u64 = 1_000_000_000_000_000;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Requests.
    Requests,
}

/// The requests to which a limit applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All requests.
    Total,
    /// Reads.
    Read,
    /// Writes, with requests to zero and to discard.
    Write,
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The rate in units a second; 0 for no limit.
    pub rate: u64,
    /// The rate of bursts in units a second; 0 for bursts of a tenth of the units of a second.
    pub burst_rate: u64,
    /// The longest burst in seconds.
    pub burst_length: u64,
}

impl Default for Limit {
    fn default() -> Self {
        Limit { rate: 0, burst_rate: 0, burst_length: 1 }
    }
}

/// The limits of a throttle group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThrottleLimits {
    pub(super) limits: [Limit; Self::COUNT],
    /// The bytes of a request that count as one request; 0 if requests of any size do.
    pub request_size: u64,
}

impl ThrottleLimits {
    /// The number of limits.
    pub(super) const COUNT: usize = 6;

    /// The place of a limit in an array of all limits.
    pub(super) fn index(unit: Unit, scope: Scope) -> usize {
        let first = match unit {
            Unit::Bytes => 0,
            Unit::Requests => 3,
        };
        first
            + match scope {
                Scope::Total => 0,
                Scope::Read => 1,
                Scope::Write => 2,
            }
    }

    /// One of the limits.
    pub fn limit(&self, unit: Unit, scope: Scope) -> &Limit {
        &self.limits[Self::index(unit, scope)]
    }

    /// One of the limits, to be changed.
    pub fn limit_mut(&mut self, unit: Unit, scope: Scope) -> &mut Limit {
        &mut self.limits[Self::index(unit, scope)]
    }

    /// All limits.
    pub(super) fn all(&self) -> &[Limit; Self::COUNT] {
        &self.limits
    }

    /// Checks the limits.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for limits that are too large or contradict each other.
    pub fn check(&self) -> Result<()> {
        let [total_bytes, read_bytes, write_bytes, total, read, write] = &self.limits;
        let exclusive = |total: &Limit, read: &Limit, write: &Limit, rate: fn(&Limit) -> u64| {
            rate(total) > 0 && (rate(read) > 0 || rate(write) > 0)
        };
        for (total, read, write) in [(total_bytes, read_bytes, write_bytes), (total, read, write)]
        {
            let contradicts = exclusive(total, read, write, |limit| limit.rate)
                || exclusive(total, read, write, |limit| limit.burst_rate);
            if contradicts {
                return Err(invalid(
                    "bps/iops/max total values and read/write values cannot be used at the same \
                     time",
                ));
            }
        }
        let limits_requests = [total, read, write].iter().any(|limit| limit.rate > 0);
        if self.request_size > 0 && !limits_requests {
            return Err(invalid("iops size requires an iops value to be set"));
        }
        self.limits.iter().try_for_each(Limit::check)
    }
}

impl Limit {
    fn check(&self) -> Result<()> {
        let Limit { rate, burst_rate, burst_length } = *self;
        if rate > RATE_MAX || burst_rate > RATE_MAX {
            let text = format!("bps/iops/max values must be within [0, {RATE_MAX}]");
            return Err(Error::InvalidOption(text));
        }
        let refused = [
            (burst_length == 0, "the burst length cannot be 0"),
            (burst_length > 1 && burst_rate == 0, "burst length set without burst rate"),
            (
                burst_rate > 0 && burst_length > RATE_MAX / burst_rate.max(1),
                "burst length too high for this burst rate",
            ),
            (
                burst_rate > 0 && rate == 0,
                "bps_max/iops_max require corresponding bps/iops values",
            ),
            (
                burst_rate > 0 && burst_rate < rate,
                "bps_max/iops_max cannot be lower than bps/iops",
            ),
        ];
        match refused.into_iter().find(|(applies, _)| *applies) {
            Some((_, text)) => Err(invalid(text)),
            None => Ok(()),
        }
    }
}

fn invalid(text: &str) -> Error {
    Error::InvalidOption(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(set: &[(Unit, Scope, [u64; 3])], request_size: u64) -> ThrottleLimits {
        let mut limits = ThrottleLimits { request_size, ..ThrottleLimits::default() };
        for (unit, scope, [rate, burst_rate, burst_length]) in set {
            let (rate, burst_rate, burst_length) = (*rate, *burst_rate, *burst_length);
            *limits.limit_mut(*unit, *scope) = Limit { rate, burst_rate, burst_length };
        }
        limits
    }

    #[test]
    fn limits_are_refused_with_qemus_texts() {
        use Scope::{Read, Total, Write};
        use Unit::{Bytes, Requests};
        let both = "bps/iops/max total values and read/write values cannot be used at the same \
                    time";
        let range = "bps/iops/max values must be within [0, 1000000000000000]";
        let long = "burst length too high for this burst rate";
        for (set, request_size, expected) in [
            (&[(Requests, Total, [10, 0, 1]), (Requests, Read, [5, 0, 1])][..], 0, both),
            (&[(Bytes, Total, [1, 0, 1]), (Bytes, Write, [1, 0, 1])], 0, both),
            (&[(Bytes, Total, [0, 1, 1]), (Bytes, Write, [0, 1, 1])], 0, both),
            (&[(Requests, Total, [RATE_MAX + 1, 0, 1])], 0, range),
            (&[(Bytes, Read, [1, u64::MAX, 1])], 0, range),
            (&[], 10, "iops size requires an iops value to be set"),
            (&[(Bytes, Read, [1, 0, 1])], 10, "iops size requires an iops value to be set"),
            (
                &[(Requests, Total, [0, 10, 1])],
                0,
                "bps_max/iops_max require corresponding bps/iops values",
            ),
            (
                &[(Requests, Total, [20, 10, 1])],
                0,
                "bps_max/iops_max cannot be lower than bps/iops",
            ),
            (&[(Requests, Total, [5, 10, 0])], 0, "the burst length cannot be 0"),
            (&[(Requests, Total, [5, 0, 2])], 0, "burst length set without burst rate"),
            (&[(Requests, Total, [5, RATE_MAX, 2])], 0, long),
            (&[(Requests, Total, [5, 10, u64::MAX])], 0, long),
        ] {
            let error = limits(set, request_size).check().expect_err(expected);
            assert_eq!(error.to_string(), expected);
        }
        for set in [
            &[][..],
            &[(Requests, Total, [RATE_MAX, 0, 1])],
            &[(Bytes, Total, [1, 0, 1]), (Requests, Read, [1, 2, 3])],
            &[(Bytes, Read, [1, 1, RATE_MAX])],
        ] {
            limits(set, 0).check().expect("the limits agree");
        }
    }
}
