//! How a job ended, as a record that outlives the job.

use std::future::Future;
use std::pin::Pin;

use qapi_core::{qapi_enum, qapi_struct};

/// How a job ended.
#[qapi_enum(register = false, name = "__org.qapi-rs_JobEnd")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobEnd {
    /// The job, and its whole transaction, succeeded.
    Completed,
    /// The job failed, or another member of its transaction did.
    Failed,
    /// The job was cancelled, by a client, with its transaction or at a shutdown.
    Cancelled,
}

/// How a named job ended, with its result.
#[qapi_struct(register = false, name = "__org.qapi-rs_JobRecord")]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobRecord {
    /// The job's identifier. Later jobs may have the same one.
    pub id: String,
    /// The kind of the job, as `query-jobs` reports it.
    #[qapi(name = "type")]
    pub job_type: String,
    /// How the job ended.
    pub end: JobEnd,
    /// The reason, if the job did not succeed.
    pub error: Option<String>,
    /// The value that the driver returned, in a form that the kind of job determines.
    pub result: Option<serde_json::Value>,
    /// The work done, in the unit of the kind of job.
    pub current_progress: i64,
    /// The work in total.
    pub total_progress: i64,
    /// The time of creation in microseconds since 1970, by the clock of the system.
    pub created_at: i64,
    /// The time of the end in microseconds since 1970.
    pub ended_at: i64,
}

/// Stores the records of jobs that end. The `Journal` of the feature `journal` is a recorder.
///
/// The engine calls the recorder when a job that was started is cleaned up. The job is concluded
/// when the returned future is ready: a client that learns of the end of a job can rely on the
/// record. The future must not wait for ever, and logs its own errors, since the end of a job
/// cannot fail.
pub trait JobRecorder: Send + Sync + 'static {
    /// Stores a record.
    fn record(&self, record: JobRecord) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
