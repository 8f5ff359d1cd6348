//! The checks of `blockdev-mirror` and `drive-mirror`, which precede the creation of a mirror.

use std::sync::Arc;

use block::error::Error;
use block::nodes::{Graph, Node, NodeUse, Operation, backing};
use block::options::BlockdevDetectZeroesOptions;
use job::JobType;
use qapi_core::Result;

use super::{FinalBacking, MirrorOptions, MirrorScope, prepare};
use crate::block_job::{BlockJobContext, OnError};
use crate::jobs::prepare::{JobArguments, PreparedJob};
use crate::jobs::target::{DriveTarget, JobTarget, TargetBacking};
use crate::messages;
use crate::schema::block_job::MirrorCopyMode;
use crate::schema::mirror::{BlockdevMirror, DriveMirror, MirrorSyncMode, NewImageMode};

/// The node that a mirror writes to.
struct Target {
    node: JobTarget,
    image: TargetImage,
    backing: FinalBacking,
}

/// Where the image of the target comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TargetImage {
    /// A client has opened the image.
    Open,
    /// The image existed, and is opened for the job without its backing file.
    Existing,
    /// The image is created for the job.
    New,
}

/// Prepares a job that mirrors to a node. Blocks.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use; an option is malformed or not
/// supported; the identifier is malformed or in use.
pub fn blockdev_mirror(
    context: &BlockJobContext,
    options: BlockdevMirror,
) -> Result<PreparedJob> {
    let source = root(&context.graph, &options.device)?;
    let target = &options.target;
    let target = context.graph.get(target).ok_or_else(|| Error::no_device_or_node(target))?;
    let target = Target {
        node: JobTarget::named(target),
        image: TargetImage::Open,
        backing: FinalBacking::Unchanged,
    };
    check_and_prepare(context, source, target, options)
}

/// Prepares a job that mirrors to a file. Blocks.
///
/// The target is closed when the job ends, unless it is in use.
///
/// # Errors
/// As for [`blockdev_mirror`]; or the file cannot be created or opened.
pub fn drive_mirror(context: &BlockJobContext, options: DriveMirror) -> Result<PreparedJob> {
    let source = root(&context.graph, &options.device)?;
    context.graph.check_free(&source, Operation::MirrorSource)?;
    if let Some(replaces) = &options.replaces {
        if options.node_name.is_none() {
            return Err(messages::replaces_without_node_name());
        }
        check_replaces(&context.graph, &source, replaces)?;
    }
    let target = open_target(context, &source, &options)?;
    check_and_prepare(context, source, target, common_arguments(options))
}

/// Creates the target if it is new, and opens the target.
fn open_target(
    context: &BlockJobContext,
    source: &Arc<Node>,
    options: &DriveMirror,
) -> Result<Target> {
    let backing = match options.sync {
        MirrorSyncMode::Top => backing::backing_of_image(source),
        MirrorSyncMode::None => Some(Arc::clone(source)),
        MirrorSyncMode::Full | MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap => None,
    };
    let mode = options.mode.unwrap_or(NewImageMode::AbsolutePaths);
    let target = DriveTarget {
        filename: options.target.clone(),
        format: options.format.clone(),
        node_name: options.node_name.clone(),
        mode,
        source,
        backing: backing.clone(),
        // The job adds the backing node when the mirror has succeeded.
        opened_with: TargetBacking::None,
        discard: source.discard(),
        detect_zeroes: BlockdevDetectZeroesOptions::Off,
    };
    Ok(Target {
        node: target.open(&context.graph)?,
        image: match mode {
            NewImageMode::Existing => TargetImage::Existing,
            NewImageMode::AbsolutePaths => TargetImage::New,
        },
        backing: match (mode, backing) {
            (NewImageMode::Existing, _) => FinalBacking::FromHeader,
            (NewImageMode::AbsolutePaths, Some(backing)) => FinalBacking::Node(backing),
            (NewImageMode::AbsolutePaths, None) => FinalBacking::Unchanged,
        },
    })
}

/// The arguments that `drive-mirror` shares with `blockdev-mirror`.
fn common_arguments(options: DriveMirror) -> BlockdevMirror {
    let DriveMirror {
        job_id,
        device,
        target,
        format: _,
        node_name: _,
        replaces,
        sync,
        mode: _,
        speed,
        granularity,
        buf_size,
        on_source_error,
        on_target_error,
        unmap: _,
        copy_mode,
        auto_finalize,
        auto_dismiss,
    } = options;
    BlockdevMirror {
        job_id,
        device,
        target,
        replaces,
        sync,
        speed,
        granularity,
        buf_size,
        on_source_error,
        on_target_error,
        filter_node_name: None,
        copy_mode,
        auto_finalize,
        auto_dismiss,
    }
}

fn root(graph: &Graph, name: &str) -> Result<Arc<Node>> {
    let node = graph.get(name).ok_or_else(|| Error::no_device_or_node(name))?;
    graph.check_root(&node)?;
    Ok(node)
}

/// Checks the common arguments in QEMU's order, and creates the job.
fn check_and_prepare(
    context: &BlockJobContext,
    source: Arc<Node>,
    target: Target,
    options: BlockdevMirror,
) -> Result<PreparedJob> {
    let granularity = granularity(options.granularity)?;
    let graph = &context.graph;
    let _lock = graph.lock_reopen();
    graph.check_free(&source, Operation::MirrorSource)?;
    graph.check_free(target.node.node(), Operation::MirrorTarget)?;
    if let Some(replaces) = &options.replaces {
        check_replaces(graph, &source, replaces)?;
    }
    let scope = scope(options.sync, &source, target.image)?;
    if options.buf_size.is_some_and(|given| given < 0) {
        return Err(messages::invalid_parameter("buf-size"));
    }
    if Arc::ptr_eq(&source, target.node.node()) {
        return Err(messages::mirror_into_itself());
    }
    let uses = vec![
        NodeUse::mirror_source(Arc::clone(&source)),
        NodeUse::mirror_target(Arc::clone(target.node.node())),
        NodeUse::job_target(Arc::clone(target.node.node())),
    ];
    let arguments = JobArguments {
        job_id: options.job_id,
        speed: options.speed,
        auto_finalize: options.auto_finalize,
        auto_dismiss: options.auto_dismiss,
    };
    let options = MirrorOptions {
        job: arguments,
        job_type: JobType::Mirror,
        source,
        target: target.node,
        scope,
        granularity,
        copy_mode: options.copy_mode.unwrap_or(MirrorCopyMode::Background),
        on_error: OnError::new(options.on_source_error, options.on_target_error),
        filter_node_name: options.filter_node_name,
        uses,
        writable: None,
        backing: target.backing,
    };
    prepare(context, options)
}

/// The granularity that the client requests, in bytes. `None`, also for 0, selects the job's
/// default.
fn granularity(given: Option<u32>) -> Result<Option<u64>> {
    let granularity = match given {
        None | Some(0) => return Ok(None),
        Some(given) => given,
    };
    if !(512..=64 << 20).contains(&granularity) {
        return Err(messages::granularity_out_of_range());
    }
    if !granularity.is_power_of_two() {
        return Err(messages::granularity_no_power_of_2());
    }
    Ok(Some(granularity.into()))
}

fn scope(sync: MirrorSyncMode, source: &Arc<Node>, target: TargetImage) -> Result<MirrorScope> {
    let full = match target {
        TargetImage::Open | TargetImage::Existing => MirrorScope::Full,
        TargetImage::New => MirrorScope::OntoZeroes,
    };
    match sync {
        // Without a backing node, the source itself has all contents.
        MirrorSyncMode::Top if backing::backing_of_image(source).is_none() => Ok(full),
        MirrorSyncMode::Top => Ok(MirrorScope::Top),
        MirrorSyncMode::Full => Ok(full),
        MirrorSyncMode::None => Ok(MirrorScope::None),
        MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap => {
            Err(messages::sync_mode_not_supported(sync.as_str()))
        }
    }
}

/// Checks that a node may be replaced: the node must have the same data as the source. No driver of
/// this program passes data through unchanged, so that only the source itself qualifies.
fn check_replaces(graph: &Graph, source: &Arc<Node>, replaces: &str) -> Result<()> {
    let node = graph.get(replaces).ok_or_else(|| Error::NodeNotFound(replaces.to_owned()))?;
    graph.check_free(&node, Operation::Replace)?;
    if Arc::ptr_eq(&node, source) {
        return Ok(());
    }
    Err(messages::cannot_replace(replaces, source.name()))
}
