//! `amend`: changes options of an image.
//!
//! QEMU changes nothing but the keys of encrypted images so, and there are none here.

use block::nodes::Graph;
use job::{JobDriver, JobHandle, JobOptions, JobType, Jobs};
use qapi_core::Result;

use crate::messages;
use crate::schema::amend::{BlockdevAmendOptions, BlockdevAmendOptionsQcow2};

/// Checks what can be checked at once, and starts a job that changes the image.
///
/// # Errors
/// There is no such node, its driver is another one or has no options to be changed; the
/// identifier is malformed or in use.
pub fn start(
    jobs: &Jobs,
    graph: &Graph,
    job_id: String,
    node_name: &str,
    options: BlockdevAmendOptions,
) -> Result<()> {
    let unknown = || block::error::Error::no_node(node_name);
    let node = graph.get(node_name).ok_or_else(unknown)?;
    if node.driver().name() != options.driver().as_str() {
        return Err(messages::cannot_change_driver());
    }
    let options = match options {
        BlockdevAmendOptions::Qcow2(options) => *options,
        BlockdevAmendOptions::Blkdebug
        | BlockdevAmendOptions::File
        | BlockdevAmendOptions::Luks(_)
        | BlockdevAmendOptions::NullCo
        | BlockdevAmendOptions::Raw => {
            return Err(messages::driver_cannot("x-blockdev-amend"));
        }
    };
    // Nobody is told by an event whether it worked, so the job stays until its result is read.
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
        // The step is done, whatever came of it.
        job.advance(1);
        match encrypt {
            Some(_) => Err(messages::not_encrypted()),
            None => Ok(()),
        }
    }
}
