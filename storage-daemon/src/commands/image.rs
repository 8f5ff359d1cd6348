//! `blockdev-create` and `x-blockdev-amend`: jobs that create images and change their options.

use block::nodes::Graph;
use job::Jobs;
use qapi_core::{Result, qapi_command};

use crate::jobs;
use crate::schema::amend::BlockdevAmendOptions;
use crate::schema::create::BlockdevCreateOptions;

/// Starts a job that creates an image. The job remains `concluded` until a client dismisses it.
///
/// # Errors
/// The driver does not create images, or the job cannot be created. Invalid options fail the job
/// rather than the command.
#[qapi_command(since = "3.0", allow_preconfig)]
pub fn blockdev_create(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    /// The job's identifier.
    job_id: String,
    /// The image.
    options: BlockdevCreateOptions,
) -> Result<()> {
    jobs::create::start(jobs, graph, job_id, options)
}

/// Starts a job that changes options of an image. The job remains `concluded` until a client
/// dismisses it.
///
/// # Errors
/// There is no such node; the node has another driver, or a driver without options to change; the
/// job cannot be created. Invalid options fail the job rather than the command.
#[qapi_command(name = "x-blockdev-amend", since = "5.1", features(unstable), allow_preconfig)]
pub fn x_blockdev_amend(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    /// The job's identifier.
    job_id: String,
    /// The node with the image.
    node_name: &str,
    /// The changes.
    options: BlockdevAmendOptions,
    /// Whether to make changes that may lose data.
    #[expect(unused_variables, reason = "no change can lose data")]
    force: Option<bool>,
) -> Result<()> {
    jobs::amend::start(jobs, graph, job_id, node_name, options)
}
