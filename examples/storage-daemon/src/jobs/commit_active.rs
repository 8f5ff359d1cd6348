//! `commit` of the topmost image of a chain: a mirror into an image below, to which the users of
//! the topmost one move when they are the same.

use std::sync::Arc;

use job::JobOptions;
use qapi_core::Result;

use super::mirror::{MirrorOptions, MirrorScope, create};
use super::prepared::JobTarget;
use crate::block_job::{BlockJobs, OnError};
use crate::nodes::{BackingLink, Node, NodeUse, backing};
use crate::qmp::backup::BlockdevOnError;
use crate::qmp::block_job::MirrorCopyMode;

/// Starts to merge `top` and what is between into `base`, all of which the caller has found free.
///
/// # Errors
/// The base is read-only; the identifier or the name of the filter is malformed or in use; other
/// users of the nodes do not allow it.
pub fn start(
    daemon: &BlockJobs,
    job: JobOptions,
    top: Arc<Node>,
    base: Arc<Node>,
    on_error: BlockdevOnError,
    filter_node_name: Option<String>,
) -> Result<()> {
    let grows = base.size()? < top.size()?;
    let between = backing::chain(&top).skip(1).take_while(|node| !Arc::ptr_eq(node, &base));
    let source = NodeUse::mirror_source(Arc::clone(&top)).link(BackingLink::Frozen);
    let mut uses = vec![source];
    uses.extend(between.map(NodeUse::mirrored_over));
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
    };
    create(daemon, options)?.start();
    Ok(())
}
