//! `block-job-change`.

use job::{JobType, Jobs};
use qapi_core::{OpenValue, Result, qapi_command, qapi_enum, qapi_struct, qapi_union};

use crate::block_job;

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

/// Changes options of a block job at work.
///
/// # Errors
/// There is no such job, its state forbids it, or its kind has nothing to change.
#[qapi_command(since = "8.2", boxed)]
pub fn block_job_change(
    #[qapi(state)] jobs: &Jobs,
    options: BlockJobChangeOptions,
) -> Result<()> {
    block_job::find(jobs, &options.id)?.change(&options.job_type)
}
