//! Images, made by a job.

mod convert;
pub mod encryption;
pub mod options;

pub use convert::make;
pub use options::Qcow2CompressionType;

use job::Jobs;
use qapi_core::{Result, qapi_command};

use crate::jobs;
use crate::nodes::Graph;
use options::BlockdevCreateOptions;

/// Begins to make an image. The job must be dismissed by `job-dismiss`, so that its result can be
/// read.
///
/// # Errors
/// The driver makes no images, or the job cannot be made. What is wrong with the options is the
/// job's error.
#[qapi_command(since = "3.0", allow_preconfig)]
pub fn blockdev_create(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    /// The job's identifier.
    job_id: String,
    /// What to make.
    options: BlockdevCreateOptions,
) -> Result<()> {
    jobs::create::start(jobs, graph, job_id, options)
}
