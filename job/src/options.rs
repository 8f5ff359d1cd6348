//! How a job is made.

use crate::state::JobType;

/// What a job is made with, apart from its driver.
///
/// ```
/// use job::{JobOptions, JobType};
///
/// let options = JobOptions::new(JobType::Backup).id("job0").auto_dismiss(false).speed(1 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOptions {
    pub(crate) id: Option<String>,
    pub(crate) job_type: JobType,
    pub(crate) auto_finalize: bool,
    pub(crate) auto_dismiss: bool,
    pub(crate) speed: i64,
}

impl JobOptions {
    /// An internal job of a type: without a name it is in no list and tells no client its status.
    /// It finalizes and dismisses itself, and has no rate limit.
    ///
    /// A crate that adds kinds of job gives a value of its own enum.
    pub fn new(job_type: impl Into<JobType>) -> Self {
        Self {
            id: None,
            job_type: job_type.into(),
            auto_finalize: true,
            auto_dismiss: true,
            speed: 0,
        }
    }

    /// Names the job, and so shows it to clients. [`check_id`](crate::check_id) says what a name
    /// may be.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Whether a pending job goes on by itself (as by default) or waits for
    /// [`Job::finalize`](crate::Job::finalize).
    pub fn auto_finalize(mut self, automatic: bool) -> Self {
        self.auto_finalize = automatic;
        self
    }

    /// Whether a concluded job disappears by itself (as by default) or waits for
    /// [`Job::dismiss`](crate::Job::dismiss).
    pub fn auto_dismiss(mut self, automatic: bool) -> Self {
        self.auto_dismiss = automatic;
        self
    }

    /// The rate limit in bytes a second; 0, as by default, is none. A negative one is refused when
    /// the job is made.
    pub fn speed(mut self, speed: i64) -> Self {
        self.speed = speed;
        self
    }
}
