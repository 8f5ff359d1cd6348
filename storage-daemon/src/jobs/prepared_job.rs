//! A block job that is made and can still be taken back without a trace.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use block::nodes::{BorrowedNode, Node};
use job::{CreatedJob, Job};
use qapi_core::Error;
use tokio::runtime::Handle;

/// The error of a filter that cannot be put on top of a node.
pub fn cannot_create_node(error: block::error::Error) -> Error {
    Error::from(error).context("Could not create node")
}

/// The node that a job writes to.
#[derive(Debug)]
pub struct JobTarget {
    node: Arc<Node>,
    /// It was opened for the job, and is closed with it.
    opened: Option<BorrowedNode>,
    made: Option<CreatedFile>,
}

impl JobTarget {
    /// A node that is there anyway.
    pub fn named(node: Arc<Node>) -> Self {
        Self { node, opened: None, made: None }
    }

    /// A node that was opened for the job, perhaps in a file that was made for it.
    pub fn opened(opened: BorrowedNode, made: Option<CreatedFile>) -> Self {
        Self { node: Arc::clone(opened.node()), opened: Some(opened), made }
    }

    /// The node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// What is to be closed with the job, and what is to be removed if it is not started.
    pub fn into_parts(self) -> (Option<BorrowedNode>, Option<CreatedFile>) {
        (self.opened, self.made)
    }
}

/// A file that was made for a job. Dropped, it is removed.
#[derive(Debug)]
pub struct CreatedFile(PathBuf);

impl CreatedFile {
    /// A file that is about to be made; `None` where there is one already, which is not ours to
    /// remove.
    pub fn planned(path: &str) -> Option<Self> {
        let path = Path::new(path);
        path.symlink_metadata().is_err().then(|| Self(path.to_owned()))
    }

    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for CreatedFile {
    fn drop(&mut self) {
        // It may not have come into being.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A job that is made and has its nodes. Dropped, it is taken back as one that failed to start.
#[derive(Debug)]
pub struct PreparedJob {
    // Before the file, which the job has open.
    job: CreatedJob,
    made: Option<CreatedFile>,
}

impl PreparedJob {
    /// A job, and the file that was made for it.
    pub fn new(job: CreatedJob, made: Option<CreatedFile>) -> Self {
        Self { job, made }
    }

    /// The job.
    pub fn job(&self) -> &CreatedJob {
        &self.job
    }

    /// Sets the job to work.
    pub fn start(self) -> Job {
        if let Some(made) = self.made {
            made.keep();
        }
        self.job.start()
    }

    /// Undoes the job, and with it every member of its transaction. Blocks until it is undone.
    pub fn undo(self) {
        let job = self.job.job().clone();
        self.job.undo();
        Handle::current().block_on(job.at_rest());
    }
}
