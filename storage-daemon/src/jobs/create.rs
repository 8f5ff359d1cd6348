//! `create`: makes an image.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use job::{JobDriver, JobHandle, JobOptions, JobType, Jobs};
use qapi_core::{Error, Result};

use crate::nodes::Graph;
use crate::qmp::create::make;
use crate::qmp::create::options::BlockdevCreateOptions;

/// Checks what can be checked at once, and starts a job that makes the image.
///
/// # Errors
/// The driver makes no images, or the identifier is malformed or in use.
pub fn start(
    jobs: &Jobs,
    graph: &Graph,
    job_id: String,
    options: BlockdevCreateOptions,
) -> Result<()> {
    match options {
        BlockdevCreateOptions::File(_) | BlockdevCreateOptions::Qcow2(_) => {}
        BlockdevCreateOptions::Blkdebug
        | BlockdevCreateOptions::NullCo
        | BlockdevCreateOptions::Raw => {
            return Err(Error::generic("Driver does not support blockdev-create"));
        }
    }
    let driver = Create { graph: graph.clone(), options, cancelled: Arc::default() };
    // Nobody is told by an event whether it worked, so the job stays until its result is read.
    let job_options = JobOptions::new(JobType::Create).id(job_id).auto_dismiss(false);
    jobs.create(job_options, driver, None)?.start();
    Ok(())
}

struct Create {
    graph: Graph,
    options: BlockdevCreateOptions,
    cancelled: Arc<AtomicBool>,
}

impl JobDriver for Create {
    /// Making an image is one step of work, which nothing interrupts but a cancel.
    async fn run(&self, job: &JobHandle) -> Result<()> {
        job.set_remaining(1);
        let (graph, options) = (self.graph.clone(), self.options.clone());
        let cancelled = Arc::clone(&self.cancelled);
        let made = tokio::task::spawn_blocking(move || make(&graph, options, &cancelled)).await;
        // The step is done, whatever came of it.
        job.advance(1);
        made.unwrap_or_else(|_panicked| Err(Error::generic("The image could not be made")))
    }

    fn cancel(&self, _job: &JobHandle, _force: bool) -> bool {
        self.cancelled.store(true, Ordering::Relaxed);
        true
    }
}
