//! `commit` of the active layer: a mirror into an image below the active layer. When the two images
//! are equal, the lower image replaces the active layer for all users.

use std::sync::Arc;

use block::nodes::{BackingLink, Node, NodeUse, WritableGuard, backing};
use job::JobType;
use qapi_core::Result;

use super::mirror::{self, FinalBacking, MirrorOptions, MirrorScope};
use super::prepare::{JobArguments, PreparedJob};
use super::target::JobTarget;
use crate::block_job::{BlockJobContext, OnError};
use crate::schema::block_job::MirrorCopyMode;

/// The arguments of a commit of the active layer, which the caller has checked.
pub struct ActiveCommit {
    /// The arguments of every block job.
    pub job: JobArguments,
    /// The active layer. No other operation uses it.
    pub top: Arc<Node>,
    /// The node to copy into. No other operation uses it.
    pub base: Arc<Node>,
    /// The policy for errors.
    pub on_error: OnError,
    /// The name of the job's filter node.
    pub filter_node_name: Option<String>,
    /// Makes a read-only base writable for the time of the job.
    pub writable: Option<WritableGuard>,
}

/// Creates a job that merges the active layer, and all images between it and the base, into the
/// base.
///
/// # Errors
/// The identifier or the name of the filter node is malformed or in use; the job's uses of the
/// nodes conflict with those of other users.
pub fn prepare(context: &BlockJobContext, options: ActiveCommit) -> Result<PreparedJob> {
    let ActiveCommit { job, top, base, on_error, filter_node_name, writable } = options;
    context.graph.check_freezable(&top, &base)?;
    let between = backing::chain(&top).skip(1).take_while(|node| !Arc::ptr_eq(node, &base));
    let source = NodeUse::mirror_source(Arc::clone(&top)).link(BackingLink::Frozen);
    let mut uses = vec![source];
    uses.extend(between.map(NodeUse::committed));
    uses.push(NodeUse::mirror_base(Arc::clone(&base)).growing_to(&top)?);
    uses.push(NodeUse::job_target(Arc::clone(&base)));
    let options = MirrorOptions {
        job,
        job_type: JobType::Commit,
        source: top,
        target: JobTarget::named(base),
        scope: MirrorScope::AboveTarget,
        granularity: None,
        copy_mode: MirrorCopyMode::Background,
        on_error,
        filter_node_name,
        uses,
        writable,
        backing: FinalBacking::Unchanged,
    };
    mirror::prepare(context, options)
}
