//! The types that all block jobs share: `BlockJobInfo`, `BlockJobChangeOptions`,
//! `BlockdevOnError`, and the events `BLOCK_JOB_*`.

use job::{JobStatus, JobType};
use qapi_core::{OpenValue, qapi_enum, qapi_event, qapi_struct, qapi_union};

/// A block job, as `query-block-jobs` returns it.
#[qapi_union(since = "1.1")]
#[derive(Debug, Clone)]
pub struct BlockJobInfo {
    /// The kind of the job.
    #[qapi(name = "type", discriminator)]
    pub job_type: BlockJobInfoType,
    /// The job's identifier.
    pub device: String,
    /// The total progress in bytes. It may change while the job runs.
    pub len: i64,
    /// The current progress in bytes; `len` if the job has succeeded.
    pub offset: i64,
    /// Whether the job is at work at this moment.
    pub busy: bool,
    /// Whether the job is paused, or has a pause request.
    pub paused: bool,
    /// The rate limit in bytes per second; 0 means no limit.
    pub speed: i64,
    /// Whether an error has stopped the job.
    pub io_status: BlockDeviceIoStatus,
    /// Whether the job can be completed.
    pub ready: bool,
    /// The job's status.
    #[qapi(since = "2.12")]
    pub status: JobStatus,
    /// Whether the job finalizes itself.
    #[qapi(since = "2.12")]
    pub auto_finalize: bool,
    /// Whether the job dismisses itself.
    #[qapi(since = "2.12")]
    pub auto_dismiss: bool,
    /// The error of a job that has failed.
    #[qapi(since = "2.12.1")]
    pub error: Option<String>,
}

/// The members of `BlockJobInfo` that depend on the kind of the job.
#[qapi_union(tag = JobType)]
#[derive(Debug, Clone)]
pub enum BlockJobInfoType {
    /// No further members.
    Commit,
    /// No further members.
    Stream,
    /// The members of a mirror.
    Mirror(BlockJobInfoMirror),
    /// No further members.
    Backup,
    /// No further members.
    Create,
    /// No further members.
    Amend,
    /// No further members.
    SnapshotLoad,
    /// No further members.
    SnapshotSave,
    /// No further members.
    SnapshotDelete,
    /// A kind that another crate adds.
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

/// The members of `BlockJobInfo` for a mirror.
#[qapi_struct(since = "8.2")]
#[derive(Debug, Clone, Copy)]
pub struct BlockJobInfoMirror {
    /// Whether the target equals the source, and all writes to the source are copied synchronously.
    #[qapi(since = "8.2")]
    pub actively_synced: bool,
}

/// Whether an error has stopped a job, and which kind of error.
#[qapi_enum(since = "1.3")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockDeviceIoStatus {
    /// No error has stopped the job.
    Ok,
    /// An error other than [`Nospace`](Self::Nospace) has stopped the job.
    Failed,
    /// A lack of space has stopped the job.
    Nospace,
}

/// The arguments of `block-job-change`.
#[qapi_union(since = "8.2")]
#[derive(Debug, Clone)]
pub struct BlockJobChangeOptions {
    /// The job's identifier.
    pub id: String,
    /// The kind of the job.
    #[qapi(name = "type", discriminator)]
    pub job_type: BlockJobChange,
}

/// The options that can be changed, for each kind of job.
#[qapi_union(tag = JobType)]
#[derive(Debug, Clone)]
pub enum BlockJobChange {
    /// No options.
    Commit,
    /// No options.
    Stream,
    /// The options of a mirror.
    Mirror(BlockJobChangeOptionsMirror),
    /// No options.
    Backup,
    /// No options.
    Create,
    /// No options.
    Amend,
    /// No options.
    SnapshotLoad,
    /// No options.
    SnapshotSave,
    /// No options.
    SnapshotDelete,
    /// A kind that another crate adds.
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

/// The options of a mirror that can be changed.
#[qapi_struct(since = "8.2")]
#[derive(Debug, Clone, Copy)]
pub struct BlockJobChangeOptionsMirror {
    /// How the mirror copies writes to the source.
    pub copy_mode: MirrorCopyMode,
}

/// How a mirror copies writes to the source.
#[qapi_enum(since = "3.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorCopyMode {
    /// After each write, in the background.
    Background,
    /// Synchronously: a write is complete only when the target has it.
    WriteBlocking,
}

/// The policy of a job for I/O errors.
#[qapi_enum(since = "1.3")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevOnError {
    /// The job fails.
    Report,
    /// The job ignores the error. The kind of the job determines whether the job repeats the
    /// request or skips the range.
    Ignore,
    /// The same as `stop` if no space is left, and as `report` otherwise.
    Enospc,
    /// The job pauses until a client resumes it, and then repeats the request.
    Stop,
    /// The same as `enospc`.
    Auto,
}

/// A block job has succeeded or failed.
#[qapi_event(since = "1.1")]
#[derive(Debug, Clone)]
pub struct BlockJobCompleted {
    /// The kind of the job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub device: String,
    /// The total progress in bytes.
    pub len: i64,
    /// The current progress in bytes; `len` if the job has succeeded.
    pub offset: i64,
    /// The rate limit in bytes per second; 0 means no limit.
    pub speed: i64,
    /// The error of a job that has failed.
    pub error: Option<String>,
}

/// A block job has been cancelled.
#[qapi_event(since = "1.1")]
#[derive(Debug, Clone)]
pub struct BlockJobCancelled {
    /// The kind of the job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub device: String,
    /// The total progress in bytes.
    pub len: i64,
    /// The current progress in bytes.
    pub offset: i64,
    /// The rate limit in bytes per second; 0 means no limit.
    pub speed: i64,
}

/// A read or write request of a block job has failed.
#[qapi_event(since = "1.3")]
#[derive(Debug, Clone)]
pub struct BlockJobError {
    /// The job's identifier.
    pub device: String,
    /// The kind of the request.
    pub operation: IoOperationType,
    /// The reaction of the job to the error.
    pub action: BlockErrorAction,
}

/// A block job is ready to be completed.
#[qapi_event(since = "1.3")]
#[derive(Debug, Clone)]
pub struct BlockJobReady {
    /// The kind of the job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub device: String,
    /// The total progress in bytes.
    pub len: i64,
    /// The current progress in bytes.
    pub offset: i64,
    /// The rate limit in bytes per second; 0 means no limit.
    pub speed: i64,
}

/// A block job without `auto-finalize` can be finalized.
#[qapi_event(since = "2.12")]
#[derive(Debug, Clone)]
pub struct BlockJobPending {
    /// The kind of the job.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The job's identifier.
    pub id: String,
}

/// The kind of a request.
#[qapi_enum(since = "2.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoOperationType {
    /// A read from the source.
    Read,
    /// A write to the target.
    Write,
}

/// The reaction of a job to an I/O error.
#[qapi_enum(since = "2.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockErrorAction {
    /// The job ignores the error.
    Ignore,
    /// The job fails.
    Report,
    /// The job pauses until a client resumes it, and then repeats the request.
    Stop,
}
