//! Commands and an event that QEMU does not have: results of jobs, the time left, the speed of jobs
//! of any kind, and the history of jobs that ended.
//!
//! A program that links this crate does not serve them, so that the schema is QEMU's. A program
//! that wants them passes their registrations to the server:
//!
//! ```no_run
//! use job::journal::{Journal, JournalOptions};
//! use job::{Jobs, ResultEvents, extensions};
//! use qapi_core::Server;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Server::new();
//!     let journal = Journal::open("/var/lib/demo/jobs.redb", JournalOptions::default())?;
//!     let jobs = Jobs::with_recorder(ResultEvents::new(server.events()), journal.clone());
//!     server
//!         .state(jobs)
//!         .state(journal)
//!         .register(extensions::result_registrations())
//!         .register(extensions::speed_registrations())
//!         .register(extensions::history_registrations())
//!         .listen_unix("/run/demo.sock")?
//!         .run()?;
//!     Ok(())
//! }
//! ```

use std::time::Duration;

use qapi_core::call::Registration;
use qapi_core::{QapiEvent, Result, qapi_command, qapi_struct};

use crate::events::JobEnded;
use crate::job::Job;
use crate::jobs::Jobs;
use crate::options::Speed;
use crate::schema::JobStatus;

#[cfg(feature = "journal")]
use crate::{journal::Journal, record::JobRecord};

/// The number of records that `__org.qapi-rs_query-job-history` returns by default.
#[cfg(feature = "journal")]
const HISTORY_LENGTH: u32 = 100;

/// The command `__org.qapi-rs_query-job-details` and the event `__org.qapi-rs_JOB_ENDED`, which
/// [`ResultEvents`](crate::ResultEvents) sends.
pub fn result_registrations() -> [Registration; 2] {
    [QUERY_JOB_DETAILS, JobEnded::DEFINITION.into()]
}

/// The command `__org.qapi-rs_job-set-speed`.
pub fn speed_registrations() -> [Registration; 1] {
    [JOB_SET_SPEED]
}

/// The command `__org.qapi-rs_query-job-history`. It needs a [`Journal`] in the server's state.
#[cfg(feature = "journal")]
pub fn history_registrations() -> [Registration; 1] {
    [QUERY_JOB_HISTORY]
}

/// What `query-jobs` does not show of a job.
#[qapi_struct(register = false, name = "__org.qapi-rs_JobDetails")]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobDetails {
    /// The job's identifier.
    pub id: String,
    /// The job's status.
    pub status: JobStatus,
    /// The value that the driver has returned, in a form that the kind of job determines.
    pub result: Option<serde_json::Value>,
    /// The time in milliseconds that the remaining work takes at the speed of the last seconds.
    /// Absent while the speed is unknown or zero, and unless the job is running.
    pub time_left: Option<i64>,
    /// The rate limit in units of the job's progress a second; 0 means no limit.
    pub speed: i64,
}

impl JobDetails {
    /// The details of a job; `None` for an internal one.
    fn of(job: &Job) -> Option<Self> {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Some(Self {
            id: job.id()?.to_owned(),
            status: job.status(),
            result: job.result(),
            time_left: job.time_left().map(milliseconds),
            speed: i64::try_from(job.speed().bytes_per_second()).unwrap_or(i64::MAX),
        })
    }
}

/// Returns the results of jobs, the time that they are expected to take, and their rate limits.
///
/// # Returns
/// One entry for each job that has an identifier, the newest first; only one entry if the argument
/// `id` is present.
///
/// # Errors
/// No job has this identifier.
#[qapi_command(
    name = "__org.qapi-rs_query-job-details",
    client,
    registration = QUERY_JOB_DETAILS
)]
pub fn query_job_details(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier. If absent, the details of all jobs are returned.
    id: Option<&str>,
) -> Result<Vec<JobDetails>> {
    let jobs = match id {
        Some(id) => vec![jobs.get(id)?],
        None => jobs.list(),
    };
    Ok(jobs.iter().filter_map(JobDetails::of).collect())
}

/// Sets the rate limit of a job. In contrast to `block-job-set-speed`, the job may be of any kind.
/// A kind without a rate limit ignores it.
///
/// # Errors
/// No job has this identifier, or its status does not permit a change; the speed is negative.
#[qapi_command(name = "__org.qapi-rs_job-set-speed", client, registration = JOB_SET_SPEED)]
pub fn job_set_speed(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
    /// The rate limit in units of the job's progress a second; 0 means no limit.
    speed: i64,
) -> Result<()> {
    let job = jobs.get(id)?;
    job.set_speed(Speed::try_from(speed)?)
}

/// Returns the records of jobs that ended, also before a restart of the program.
///
/// # Returns
/// The newest records first.
///
/// # Errors
/// The journal cannot be read.
#[cfg(feature = "journal")]
#[qapi_command(
    name = "__org.qapi-rs_query-job-history",
    client,
    blocking,
    registration = QUERY_JOB_HISTORY
)]
pub fn query_job_history(
    #[qapi(state)] journal: &Journal,
    /// The largest number of records; 100 by default.
    limit: Option<u32>,
) -> Result<Vec<JobRecord>> {
    let limit = limit.unwrap_or(HISTORY_LENGTH);
    let records = journal.history(usize::try_from(limit).unwrap_or(usize::MAX));
    records.map_err(|error| qapi_core::Error::generic(error.to_string()))
}
