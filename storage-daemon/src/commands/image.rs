//! `blockdev-create` and `x-blockdev-amend`: images made and changed, by a job.

use block::nodes::Graph;
use job::Jobs;
use qapi_core::{Result, qapi_command};

use crate::jobs;
use crate::schema::amend::BlockdevAmendOptions;
use crate::schema::create::BlockdevCreateOptions;

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

/// Begins to change options of an image. The job must be dismissed by `job-dismiss`, so that its
/// result can be read.
///
/// # Errors
/// There is no such node, it has another driver or one without options to be changed, or the job
/// cannot be made. What is wrong with the options is the job's error.
#[qapi_command(name = "x-blockdev-amend", since = "5.1", features(unstable), allow_preconfig)]
pub fn x_blockdev_amend(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    /// The job's identifier.
    job_id: String,
    /// The node with the image.
    node_name: &str,
    /// What to change.
    options: BlockdevAmendOptions,
    /// Whether to do also what may lose data.
    #[expect(unused_variables, reason = "there is nothing that could be forced")]
    force: Option<bool>,
) -> Result<()> {
    jobs::amend::start(jobs, graph, job_id, node_name, options)
}
