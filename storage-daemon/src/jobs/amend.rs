//! `amend`: changes options of an image.
//!
//! In QEMU, only the keys of encrypted images can be changed. This program has no encrypted images.

use block::error::Error;
use block::nodes::Graph;
use job::{JobDriver, JobHandle, JobOptions, JobType, Jobs};
use qapi_core::Result;

use crate::messages;
use crate::schema::amend::{BlockdevAmendOptions, BlockdevAmendOptionsQcow2};

/// Starts a job that changes options of an image.
///
/// # Errors
/// There is no such node; the node has another driver, or a driver without options to change; the
/// job's identifier is malformed or in use.
pub fn start(
    jobs: &Jobs,
    graph: &Graph,
    job_id: String,
    node_name: &str,
    options: BlockdevAmendOptions,
) -> Result<()> {
    let node = graph.get(node_name).ok_or_else(|| Error::no_node(node_name))?;
    if node.driver().name() != options.driver().as_str() {
        return Err(messages::cannot_change_driver());
    }
    let options = match options {
        BlockdevAmendOptions::Qcow2(options) => *options,
        BlockdevAmendOptions::Blkdebug
        | BlockdevAmendOptions::Compress
        | BlockdevAmendOptions::CopyOnRead
        | BlockdevAmendOptions::File
        | BlockdevAmendOptions::HostCdrom
        | BlockdevAmendOptions::HostDevice
        | BlockdevAmendOptions::Luks(_)
        | BlockdevAmendOptions::NullCo
        | BlockdevAmendOptions::Preallocate
        | BlockdevAmendOptions::Raw
        | BlockdevAmendOptions::Throttle => {
            return Err(messages::driver_cannot("x-blockdev-amend"));
        }
    };
    // No event contains the result, so a client must be able to query the concluded job.
    let job_options = JobOptions::new(JobType::Amend).id(job_id).auto_dismiss(false);
    jobs.create(job_options, Amend { options }, None)?.start();
    Ok(())
}

struct Amend {
    options: BlockdevAmendOptionsQcow2,
}

impl JobDriver for Amend {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        job.set_remaining(1);
        let BlockdevAmendOptionsQcow2 { encrypt } = &self.options;
        // The step counts as done even if it fails.
        job.advance(1);
        match encrypt {
            Some(_) => Err(messages::not_encrypted()),
            None => Ok(()),
        }
    }
}
