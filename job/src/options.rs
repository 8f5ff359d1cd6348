//! The options of a job: its identifier, its speed, and the modes of a cancel.

use qapi_core::Error;

use crate::messages;
use crate::schema::JobType;

/// The options that a job is created with, apart from its driver.
///
/// ```
/// use job::{JobOptions, JobType, Speed};
///
/// let options = JobOptions::new(JobType::Backup)
///     .id("job0")
///     .auto_dismiss(false)
///     .speed(Speed::new(1 << 20));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOptions {
    pub(crate) id: Option<String>,
    pub(crate) job_type: JobType,
    pub(crate) auto_finalize: bool,
    pub(crate) auto_dismiss: bool,
    pub(crate) speed: Speed,
}

impl JobOptions {
    /// Options of an internal job: it has no identifier, so that no list shows it and no client
    /// receives its events. It finalizes and dismisses itself, and has no rate limit.
    ///
    /// A crate that adds kinds of jobs passes a value of its own enum.
    #[must_use]
    pub fn new(job_type: impl Into<JobType>) -> Self {
        Self {
            id: None,
            job_type: job_type.into(),
            auto_finalize: true,
            auto_dismiss: true,
            speed: Speed::UNLIMITED,
        }
    }

    /// Sets the identifier, which makes the job visible to clients. [`check_id`] has the rules for
    /// identifiers.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets whether a pending job is finalized automatically (the default), or waits for
    /// [`Job::finalize`](crate::Job::finalize).
    #[must_use]
    pub fn auto_finalize(mut self, automatic: bool) -> Self {
        self.auto_finalize = automatic;
        self
    }

    /// Sets whether a concluded job is dismissed automatically (the default), or waits for
    /// [`Job::dismiss`](crate::Job::dismiss).
    #[must_use]
    pub fn auto_dismiss(mut self, automatic: bool) -> Self {
        self.auto_dismiss = automatic;
        self
    }

    /// Sets the rate limit; the default is [`Speed::UNLIMITED`].
    #[must_use]
    pub fn speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }
}

/// A rate limit in bytes a second, or none.
///
/// QAPI's schema has an `int`, in which 0 means no limit. [`TryFrom`] converts it.
///
/// ```
/// use job::Speed;
///
/// assert_eq!(Speed::try_from(0).unwrap(), Speed::UNLIMITED);
/// assert_eq!(Speed::try_from(-1).unwrap_err().desc(),
///     "Parameter 'speed' expects a non-negative value");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Speed(u64);

impl Speed {
    /// No limit.
    pub const UNLIMITED: Self = Self(0);

    /// A limit in bytes a second; 0 is no limit.
    #[must_use]
    pub const fn new(bytes_per_second: u64) -> Self {
        Self(bytes_per_second)
    }

    /// The limit in bytes a second; 0 is no limit.
    pub const fn bytes_per_second(self) -> u64 {
        self.0
    }

    /// Whether there is no limit.
    pub const fn is_unlimited(self) -> bool {
        self.0 == 0
    }
}

impl TryFrom<i64> for Speed {
    type Error = Error;

    /// # Errors
    /// `Parameter 'speed' expects a non-negative value`.
    fn try_from(speed: i64) -> Result<Self, Error> {
        u64::try_from(speed).map(Self).map_err(|_| messages::negative_speed())
    }
}

impl From<Speed> for i64 {
    /// The value as QAPI's `int`. A limit beyond its range becomes its largest value.
    fn from(speed: Speed) -> Self {
        Self::try_from(speed.0).unwrap_or(Self::MAX)
    }
}

/// How a job is cancelled.
///
/// Ordered by strength: a forced cancel replaces a soft one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelMode {
    /// The kind of job may end in a softer way: a ready mirror stops and succeeds.
    Soft,
    /// The job fails with `Operation canceled`.
    Force,
}

/// The longest identifier of a job, in bytes. QEMU has no limit. This limit bounds the memory that
/// a client can make a daemon use, and is far above any identifier in use.
pub const ID_LENGTH_MAX: usize = 4096;

/// Checks an identifier: an ASCII letter, followed by ASCII letters, digits, `-`, `.` and `_` only,
/// as for every identifier of QEMU, and at most [`ID_LENGTH_MAX`] bytes.
///
/// # Errors
/// `Invalid job ID 'ID'`.
pub fn check_id(id: &str) -> Result<(), Error> {
    let is_start = |byte: u8| byte.is_ascii_alphabetic();
    let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match id.as_bytes() {
        [first, rest @ ..]
            if id.len() <= ID_LENGTH_MAX
                && is_start(*first)
                && rest.iter().all(|byte| is_rest(*byte)) =>
        {
            Ok(())
        }
        _ => Err(messages::invalid_id(id)),
    }
}
