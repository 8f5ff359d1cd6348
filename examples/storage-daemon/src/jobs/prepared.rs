//! A block job that is made and can still be taken back without a trace.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use job::CreatedJob;
use qapi_core::{Error, Result};

use crate::nodes::{BorrowedNode, Graph, MadeWritable, Node};

/// The error of a filter that cannot be put on top of a node.
pub fn cannot_create_node(error: crate::error::Error) -> Error {
    Error::from(error).context("Could not create node")
}

/// Sees to it that a node can be written for the time of a job, on a thread for blocking work.
///
/// # Errors
/// Those of [`Graph::make_writable`].
pub async fn made_writable(graph: &Graph, node: &Arc<Node>) -> Result<Option<MadeWritable>> {
    if !node.is_read_only() {
        return Ok(None);
    }
    let (graph, node) = (graph.clone(), Arc::clone(node));
    let made = tokio::task::spawn_blocking(move || graph.make_writable(&node)).await;
    Ok(made.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked).into()))?)
}

/// Whether a node that is found after a while is still the one that a job is to be about.
///
/// # Errors
/// It is not: other clients have changed the chain meanwhile.
pub fn check_same(expected: &Arc<Node>, found: &Arc<Node>) -> Result<()> {
    if Arc::ptr_eq(expected, found) {
        return Ok(());
    }
    Err(chain_changed(expected))
}

/// What is told of a chain that others have changed while a job was being made.
pub fn chain_changed(node: &Node) -> Error {
    Error::generic(format!("The chain of node '{}' has changed meanwhile", node.name()))
}

/// The node that a job writes to.
#[derive(Debug)]
pub struct JobTarget {
    node: Arc<Node>,
    /// It was opened for the job, and is closed with it.
    opened: Option<BorrowedNode>,
    made: Option<MadeFile>,
}

impl JobTarget {
    /// A node that is there anyway.
    pub fn named(node: Arc<Node>) -> Self {
        Self { node, opened: None, made: None }
    }

    /// A node that was opened for the job, perhaps in a file that was made for it.
    pub fn opened(opened: BorrowedNode, made: Option<MadeFile>) -> Self {
        Self { node: Arc::clone(opened.node()), opened: Some(opened), made }
    }

    /// The node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// What is to be closed with the job, and what is to be removed if it is not started.
    pub fn into_parts(self) -> (Option<BorrowedNode>, Option<MadeFile>) {
        (self.opened, self.made)
    }
}

/// A file that was made for a job. Dropped, it is removed.
#[derive(Debug)]
pub struct MadeFile(PathBuf);

impl MadeFile {
    /// A file that is about to be made; `None` where there is one already, which is not ours to
    /// remove.
    pub fn about_to_be(path: &str) -> Option<Self> {
        let path = Path::new(path);
        path.symlink_metadata().is_err().then(|| Self(path.to_owned()))
    }

    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for MadeFile {
    fn drop(&mut self) {
        // It may not have come into being.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A job that is made and has its nodes. Dropped, it is taken back as one that failed to start.
#[derive(Debug)]
pub struct Prepared {
    // Before the file, which the job has open.
    job: CreatedJob,
    made: Option<MadeFile>,
}

impl Prepared {
    /// A job, and the file that was made for it.
    pub fn new(job: CreatedJob, made: Option<MadeFile>) -> Self {
        Self { job, made }
    }

    /// The job.
    pub fn job(&self) -> &CreatedJob {
        &self.job
    }

    /// Sets the job to work.
    pub fn start(self) {
        if let Some(made) = self.made {
            made.keep();
        }
        self.job.start();
    }

    /// Undoes the job, and with it every member of its transaction.
    pub fn undo(self) {
        self.job.undo();
    }
}
