//! The events of block jobs.

use job::JobType;
use qapi_core::{qapi_enum, qapi_event};

/// A block job is over: it has succeeded, or failed by itself.
#[qapi_event(since = "1.1")]
#[derive(Debug, Clone)]
pub struct BlockJobCompleted {
    /// What kind of job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub device: String,
    /// What there was to do, in bytes.
    pub len: i64,
    /// What is done, in bytes; `len` if the job succeeded.
    pub offset: i64,
    /// The limit of the rate, in bytes a second; 0 is none.
    pub speed: i64,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// A block job has been cancelled.
#[qapi_event(since = "1.1")]
#[derive(Debug, Clone)]
pub struct BlockJobCancelled {
    /// What kind of job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub device: String,
    /// What there was to do, in bytes.
    pub len: i64,
    /// What was done, in bytes.
    pub offset: i64,
    /// The limit of the rate, in bytes a second; 0 is none.
    pub speed: i64,
}

/// A block job could not read or write.
#[qapi_event(since = "1.3")]
#[derive(Debug, Clone)]
pub struct BlockJobError {
    /// The job's identifier.
    pub device: String,
    /// What it could not do.
    pub operation: IoOperationType,
    /// What it does about it.
    pub action: BlockErrorAction,
}

/// A block job has done the bulk of its work and can be completed.
#[qapi_event(since = "1.3")]
#[derive(Debug, Clone)]
pub struct BlockJobReady {
    /// What kind of job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub device: String,
    /// What there is to do, in bytes.
    pub len: i64,
    /// What is done, in bytes.
    pub offset: i64,
    /// The limit of the rate, in bytes a second; 0 is none.
    pub speed: i64,
}

/// A block job that does not finalize itself waits to be finalized.
#[qapi_event(since = "2.12")]
#[derive(Debug, Clone)]
pub struct BlockJobPending {
    /// What kind of job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub id: String,
}

/// What a job could not do.
#[qapi_enum(since = "2.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoOperationType {
    /// Read.
    Read,
    /// Write.
    Write,
}

/// What is done about an error.
#[qapi_enum(since = "2.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockErrorAction {
    /// The job goes on as if nothing had happened.
    Ignore,
    /// The job fails.
    Report,
    /// The job pauses until it is resumed, and tries again.
    Stop,
}
