//! `commit` of the topmost image of a chain: a mirror into an image below, to which the users of
//! the topmost one move when they are the same.

use std::sync::Arc;

use block::nodes::{BackingLink, Node, NodeUse, WritableGuard, backing};
use job::JobOptions;
use qapi_core::Result;

use super::mirror::{self, FinalBacking, MirrorOptions, MirrorScope};
use super::prepared_job::{JobTarget, PreparedJob};
use crate::block_job::{BlockJobContext, OnError};
use crate::schema::block_job::BlockdevOnError;
use crate::schema::block_job::MirrorCopyMode;

/// What a client asks for.
pub struct ActiveCommit {
    /// What the engine is to know.
    pub job: JobOptions,
    /// The topmost node, which the caller has found free.
    pub top: Arc<Node>,
    /// The node to copy into, likewise.
    pub base: Arc<Node>,
    /// What to do when a node cannot be read or written.
    pub on_error: BlockdevOnError,
    /// The name of the node that stands for the job in the graph.
    pub filter_node_name: Option<String>,
    /// The base, if it is writable for this job alone.
    pub writable: Option<WritableGuard>,
}

/// Makes a job that merges the topmost image and those between it and the base into that.
///
/// # Errors
/// The identifier or the name of the filter is malformed or in use; other users of the nodes do
/// not allow it.
pub fn create(context: &BlockJobContext, options: ActiveCommit) -> Result<PreparedJob> {
    let ActiveCommit { job, top, base, on_error, filter_node_name, writable } = options;
    let grows = base.size()? < top.size()?;
    let between = backing::chain(&top).skip(1).take_while(|node| !Arc::ptr_eq(node, &base));
    let source = NodeUse::mirror_source(Arc::clone(&top)).link(BackingLink::Frozen);
    let mut uses = vec![source];
    uses.extend(between.map(NodeUse::committed));
    uses.push(NodeUse::mirror_base(Arc::clone(&base), grows));
    let options = MirrorOptions {
        job,
        source: top,
        target: JobTarget::named(base),
        scope: MirrorScope::AboveTarget,
        granularity: None,
        copy_mode: MirrorCopyMode::Background,
        on_error: OnError { source: on_error, target: on_error },
        filter_node_name,
        uses,
        writable,
        backing: FinalBacking::Kept,
    };
    mirror::create(context, options)
}
