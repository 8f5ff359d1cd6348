//! `block-stream`: an image made independent of its backing files, by a job.

use qapi_core::{Result, qapi_command};

use crate::block_job::{BlockJobContext, OnError};
use crate::jobs::prepare::JobArguments;
use crate::jobs::stream::{self, StreamOptions};
use crate::schema::block_job::BlockdevOnError;

/// Begins to copy into a node what it shows of its backing nodes, down to a base that it keeps as
/// its backing node; without one, it has none in the end.
///
/// # Errors
/// A node does not exist, is not in the chain or is in use; options contradict each other; the job
/// cannot be made.
#[qapi_command(since = "1.1", allow_preconfig)]
#[expect(clippy::too_many_arguments, reason = "the arguments of the command")]
pub async fn block_stream(
    #[qapi(state)] context: &BlockJobContext,
    /// The job's identifier. It must be given: nodes, unlike the devices of old, lend none.
    #[qapi(since = "2.7")]
    job_id: Option<String>,
    /// The node to copy into.
    device: String,
    /// The base, by the name of its image.
    base: Option<String>,
    /// The base.
    #[qapi(since = "2.8")]
    base_node: Option<String>,
    /// What the image is to name as its backing file; the base as this program calls it, unless
    /// said otherwise.
    #[qapi(since = "2.1")]
    backing_file: Option<String>,
    /// Whether the format of a base without format is named `raw` in the image.
    #[qapi(since = "9.0")]
    backing_mask_protocol: Option<bool>,
    /// The last node that is copied from, instead of a base.
    #[qapi(since = "6.0")]
    bottom: Option<String>,
    /// The limit of the rate, in bytes a second; 0, which is the default, is none.
    speed: Option<i64>,
    /// What to do when a node cannot be read or written; `report` unless said otherwise.
    #[qapi(since = "1.3")]
    on_error: Option<BlockdevOnError>,
    /// The name of the node that stands for the job in the graph.
    #[qapi(since = "6.0")]
    filter_node_name: Option<String>,
    /// Whether the job finalizes itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    auto_finalize: Option<bool>,
    /// Whether the job dismisses itself; it does unless said otherwise.
    #[qapi(since = "3.1")]
    auto_dismiss: Option<bool>,
) -> Result<()> {
    let options = StreamOptions {
        job: JobArguments { job_id, speed, auto_finalize, auto_dismiss },
        device,
        base,
        base_node,
        bottom,
        backing_file,
        backing_mask_protocol: backing_mask_protocol.unwrap_or(false),
        on_error: OnError::both(on_error),
        filter_node_name,
    };
    stream::start(context, options).await
}
