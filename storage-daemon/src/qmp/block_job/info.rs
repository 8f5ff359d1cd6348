//! What `query-block-jobs` tells.

use job::{Job, JobStatus, JobType};
use qapi_core::{OpenValue, qapi_enum, qapi_struct, qapi_union};

use crate::block_job::BlockJob;

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

impl BlockJobInfo {
    /// What there is to tell of `job`; `None` if it has no identifier.
    pub fn new(job: &Job, block_job: &BlockJob) -> Option<Self> {
        let (offset, len) = job.progress();
        Some(Self {
            job_type: BlockJobInfoType::new(job.job_type(), block_job.actively_synced()),
            device: job.id()?.to_owned(),
            len: len.cast_signed(),
            offset: offset.cast_signed(),
            busy: job.is_busy(),
            paused: job.pause_requested(),
            speed: job.speed(),
            io_status: block_job.io_status(),
            ready: job.is_ready(),
            status: job.status(),
            auto_finalize: job.auto_finalize(),
            auto_dismiss: job.auto_dismiss(),
            error: job.error().map(|error| error.desc().to_owned()),
        })
    }
}

impl BlockJobInfoType {
    fn new(job_type: JobType, actively_synced: bool) -> Self {
        match job_type {
            JobType::Commit => Self::Commit,
            JobType::Stream => Self::Stream,
            JobType::Mirror => Self::Mirror(BlockJobInfoMirror { actively_synced }),
            JobType::Backup => Self::Backup,
            JobType::Create => Self::Create,
            JobType::Amend => Self::Amend,
            JobType::SnapshotLoad => Self::SnapshotLoad,
            JobType::SnapshotSave => Self::SnapshotSave,
            JobType::SnapshotDelete => Self::SnapshotDelete,
            JobType::Other(other) => Self::Other(other),
        }
    }
}
