//! `block-commit`: images merged into one below them, by a job.

use qapi_core::{Result, qapi_command};

use crate::block_job::{BlockJobContext, OnError};
use crate::jobs::commit::{self, CommitOptions};
use crate::jobs::prepare::JobArguments;
use crate::schema::block_job::BlockdevOnError;

/// Begins to copy the images from `top` down to `base`, without `base` itself, into `base`, which
/// then takes their place.
///
/// # Errors
/// A node does not exist, is not in the chain or is in use; options contradict each other; the job
/// cannot be made.
#[qapi_command(since = "1.3", allow_preconfig)]
#[expect(clippy::too_many_arguments, reason = "the arguments of the command")]
pub async fn block_commit(
    #[qapi(state)] context: &BlockJobContext,
    /// The job's identifier. It must be given: nodes, unlike the devices of old, lend none.
    #[qapi(since = "2.7")]
    job_id: Option<String>,
    /// The topmost node of the chain.
    device: String,
    /// The node to copy into; the lowest one unless said otherwise.
    #[qapi(since = "3.1")]
    base_node: Option<String>,
    /// The same, by the name of its image.
    #[qapi(features(deprecated))]
    base: Option<String>,
    /// The uppermost node to copy from; `device` unless said otherwise.
    #[qapi(since = "3.1")]
    top_node: Option<String>,
    /// The same, by the name of its image.
    #[qapi(features(deprecated))]
    top: Option<String>,
    /// What the image above `top` is to name as its backing file; the base as this program calls
    /// it, unless said otherwise.
    #[qapi(since = "2.1")]
    backing_file: Option<String>,
    /// Whether the format of a base without format is named `raw` in the image.
    #[qapi(since = "9.0")]
    backing_mask_protocol: Option<bool>,
    /// The limit of the rate, in bytes a second; 0, which is the default, is none.
    speed: Option<i64>,
    /// What to do when a node cannot be read or written; `report` unless said otherwise.
    #[qapi(since = "5.0")]
    on_error: Option<BlockdevOnError>,
    /// The name of the node that stands for the job in the graph.
    #[qapi(since = "2.9")]
    filter_node_name: Option<String>,
    /// Whether the job finalizes itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    auto_finalize: Option<bool>,
    /// Whether the job dismisses itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    auto_dismiss: Option<bool>,
) -> Result<()> {
    let options = CommitOptions {
        job: JobArguments { job_id, speed, auto_finalize, auto_dismiss },
        device,
        base_node,
        base,
        top_node,
        top,
        backing_file,
        backing_mask_protocol: backing_mask_protocol.unwrap_or(false),
        on_error: OnError::both(on_error),
        filter_node_name,
    };
    commit::start(context, options).await
}
