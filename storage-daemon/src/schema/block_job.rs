//! The types of block jobs: `BlockJobInfo`, `BlockJobChangeOptions`, `BlockdevOnError`, events.

use job::{JobStatus, JobType};
use qapi_core::{OpenValue, qapi_enum, qapi_event, qapi_struct, qapi_union};

/// A block job.
#[qapi_union(since = "1.1")]
#[derive(Debug, Clone)]
pub struct BlockJobInfo {
    /// What kind of job.
    #[qapi(name = "type", discriminator)]
    pub job_type: BlockJobInfoType,
    /// Its identifier.
    pub device: String,
    /// What there is to do, in bytes. It may change as the job learns more.
    pub len: i64,
    /// What is done, in bytes; `len` when the job has succeeded.
    pub offset: i64,
    /// Whether it is at work at this moment, rather than at rest.
    pub busy: bool,
    /// Whether it is asked to rest.
    pub paused: bool,
    /// The limit of its rate, in bytes a second; 0 is none.
    pub speed: i64,
    /// Whether an error has stopped it.
    pub io_status: BlockDeviceIoStatus,
    /// Whether it can be completed.
    pub ready: bool,
    /// Where it is in its life.
    #[qapi(since = "2.12")]
    pub status: JobStatus,
    /// Whether it finalizes itself.
    #[qapi(since = "2.12")]
    pub auto_finalize: bool,
    /// Whether it dismisses itself.
    #[qapi(since = "2.12")]
    pub auto_dismiss: bool,
    /// Why it failed, if it did.
    #[qapi(since = "2.12.1")]
    pub error: Option<String>,
}

/// What only some kinds of job have to tell.
#[qapi_union(tag = JobType)]
#[derive(Debug, Clone)]
pub enum BlockJobInfoType {
    /// Nothing more.
    Commit,
    /// Nothing more.
    Stream,
    /// Of a mirror.
    Mirror(BlockJobInfoMirror),
    /// Nothing more.
    Backup,
    /// Nothing more.
    Create,
    /// Nothing more.
    Amend,
    /// Nothing more.
    SnapshotLoad,
    /// Nothing more.
    SnapshotSave,
    /// Nothing more.
    SnapshotDelete,
    /// Nothing that is known here.
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

/// What only a mirror has to tell.
#[qapi_struct(since = "8.2")]
#[derive(Debug, Clone, Copy)]
pub struct BlockJobInfoMirror {
    /// Whether the copy is the same as the original, and kept so with every write.
    #[qapi(since = "8.2")]
    pub actively_synced: bool,
}

/// Whether an error has stopped a job, and which kind of error.
#[qapi_enum(since = "1.3")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockDeviceIoStatus {
    /// None has.
    Ok,
    /// One has.
    Failed,
    /// One has: there is no space left.
    Nospace,
}

/// What to change of a block job.
#[qapi_union(since = "8.2")]
#[derive(Debug, Clone)]
pub struct BlockJobChangeOptions {
    /// The job's identifier.
    pub id: String,
    /// What kind of job it is.
    #[qapi(name = "type", discriminator)]
    pub job_type: BlockJobChange,
}

/// What can be changed of each kind of job.
#[qapi_union(tag = JobType)]
#[derive(Debug, Clone)]
pub enum BlockJobChange {
    /// Nothing.
    Commit,
    /// Nothing.
    Stream,
    /// Of a mirror.
    Mirror(BlockJobChangeOptionsMirror),
    /// Nothing.
    Backup,
    /// Nothing.
    Create,
    /// Nothing.
    Amend,
    /// Nothing.
    SnapshotLoad,
    /// Nothing.
    SnapshotSave,
    /// Nothing.
    SnapshotDelete,
    /// Nothing that is known here.
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

/// What to change of a mirror.
#[qapi_struct(since = "8.2")]
#[derive(Debug, Clone, Copy)]
pub struct BlockJobChangeOptionsMirror {
    /// How it follows writes to the original.
    pub copy_mode: MirrorCopyMode,
}

/// How a mirror follows writes to the original.
#[qapi_enum(since = "3.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorCopyMode {
    /// After them.
    Background,
    /// With them: a write is not done before the copy has it.
    WriteBlocking,
}

/// What a job does about an error.
#[qapi_enum(since = "1.3")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevOnError {
    /// It fails.
    Report,
    /// It tries again.
    Ignore,
    /// It pauses until it is resumed if there is no space left, and fails otherwise.
    Enospc,
    /// It pauses until it is resumed, and tries again.
    Stop,
    /// As `enospc`.
    Auto,
}

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
