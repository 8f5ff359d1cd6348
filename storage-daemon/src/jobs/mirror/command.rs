//! What `blockdev-mirror` and `drive-mirror` check before they make a mirror.

use std::sync::Arc;

use block::nodes::options::DetectZeroes;
use block::nodes::{Graph, Node, NodeUse, Operation};
use job::{JobOptions, JobType};
use qapi_core::{Error, Result};

use super::{FinalBacking, MirrorOptions, MirrorScope, create};
use crate::block_job::{BlockJobContext, OnError};
use crate::jobs::drive_target::{DriveTarget, TargetBacking};
use crate::jobs::prepared_job::{JobTarget, PreparedJob};
use crate::schema::block_job::{BlockdevOnError, MirrorCopyMode};
use crate::schema::mirror::{BlockdevMirror, DriveMirror, MirrorSyncMode, NewImageMode};

/// What both commands ask for.
struct Common {
    job: JobOptions,
    filter_node_name: Option<String>,
    replaces: Option<String>,
    sync: MirrorSyncMode,
    granularity: Option<u32>,
    buf_size: Option<i64>,
    on_error: OnError,
    copy_mode: MirrorCopyMode,
    target_image: TargetImage,
    backing: FinalBacking,
}

/// What a target stands on in the end that was opened for the job alone: a new one on the node
/// whose image it names.
fn backing_in_the_end(mode: NewImageMode, named: Option<Arc<Node>>) -> FinalBacking {
    match (mode, named) {
        (NewImageMode::Existing, _any) => FinalBacking::Named,
        (NewImageMode::AbsolutePaths, Some(named)) => FinalBacking::Node(named),
        (NewImageMode::AbsolutePaths, None) => FinalBacking::Kept,
    }
}

/// Where the image came from to which is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TargetImage {
    /// A client opened it.
    Open,
    /// It was there, and is opened for the job without what is below it.
    Existing,
    /// It was made for the job.
    New,
}

impl From<NewImageMode> for TargetImage {
    fn from(mode: NewImageMode) -> Self {
        match mode {
            NewImageMode::Existing => TargetImage::Existing,
            NewImageMode::AbsolutePaths => TargetImage::New,
        }
    }
}

/// Makes a job that mirrors to a node. It is yet to be started. Blocks.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use; an option makes no sense; the
/// identifier is malformed or in use.
pub fn blockdev_mirror(
    context: &BlockJobContext,
    options: BlockdevMirror,
) -> Result<PreparedJob> {
    let source = root(&context.graph, &options.device)?;
    let unknown = || block::error::Error::no_device_or_node(&options.target);
    let target = JobTarget::named(context.graph.get(&options.target).ok_or_else(unknown)?);
    let common = Common {
        job: JobOptions::new(JobType::Mirror)
            .id(options.job_id.unwrap_or_default())
            .speed(options.speed.unwrap_or(0))
            .auto_finalize(options.auto_finalize.unwrap_or(true))
            .auto_dismiss(options.auto_dismiss.unwrap_or(true)),
        filter_node_name: options.filter_node_name,
        replaces: options.replaces,
        sync: options.sync,
        granularity: options.granularity,
        buf_size: options.buf_size,
        on_error: on_error(options.on_source_error, options.on_target_error),
        copy_mode: options.copy_mode.unwrap_or(MirrorCopyMode::Background),
        backing: FinalBacking::Kept,
        target_image: TargetImage::Open,
    };
    mirror(context, source, target, common)
}

/// Makes a job that mirrors to a file. It is yet to be started. Blocks.
///
/// A target that nobody uses when the job is over is closed with it.
///
/// # Errors
/// As for [`blockdev_mirror`]; the file cannot be made or opened.
pub fn drive_mirror(context: &BlockJobContext, options: DriveMirror) -> Result<PreparedJob> {
    let source = root(&context.graph, &options.device)?;
    context.graph.check_free(&source, Operation::MirrorSource)?;
    if let Some(replaces) = &options.replaces {
        if options.node_name.is_none() {
            return Err(Error::generic(
                "a node-name must be provided when replacing a named node of the graph",
            ));
        }
        check_replaces(&context.graph, &source, replaces)?;
    }
    let backing = match options.sync {
        MirrorSyncMode::Top => source.backing(),
        MirrorSyncMode::None => Some(Arc::clone(&source)),
        MirrorSyncMode::Full | MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap => None,
    };
    let target = DriveTarget {
        filename: options.target,
        format: options.format,
        node_name: options.node_name,
        mode: options.mode.unwrap_or(NewImageMode::AbsolutePaths),
        source: &source,
        backing: backing.clone(),
        // What is below is opened by whoever uses the target afterwards.
        shows: TargetBacking::Nothing,
        discard: source.discard(),
        detect_zeroes: DetectZeroes::Off,
    };
    let mode = target.mode;
    let target = target.open(&context.graph)?;
    let common = Common {
        job: JobOptions::new(JobType::Mirror)
            .id(options.job_id.unwrap_or_default())
            .speed(options.speed.unwrap_or(0))
            .auto_finalize(options.auto_finalize.unwrap_or(true))
            .auto_dismiss(options.auto_dismiss.unwrap_or(true)),
        filter_node_name: None,
        replaces: options.replaces,
        sync: options.sync,
        granularity: options.granularity,
        buf_size: options.buf_size,
        on_error: on_error(options.on_source_error, options.on_target_error),
        copy_mode: options.copy_mode.unwrap_or(MirrorCopyMode::Background),
        backing: backing_in_the_end(mode, backing),
        target_image: mode.into(),
    };
    mirror(context, source, target, common)
}

fn on_error(source: Option<BlockdevOnError>, target: Option<BlockdevOnError>) -> OnError {
    OnError {
        source: source.unwrap_or(BlockdevOnError::Report),
        target: target.unwrap_or(BlockdevOnError::Report),
    }
}

fn root(graph: &Graph, name: &str) -> Result<Arc<Node>> {
    let unknown = || block::error::Error::no_device_or_node(name);
    let node = graph.get(name).ok_or_else(unknown)?;
    graph.check_root(&node)?;
    Ok(node)
}

/// What both commands check, in QEMU's order.
fn mirror(
    context: &BlockJobContext,
    source: Arc<Node>,
    target: JobTarget,
    common: Common,
) -> Result<PreparedJob> {
    let granularity = granularity(common.granularity)?;
    let graph = &context.graph;
    let _alone = graph.lock_reopen();
    graph.check_free(&source, Operation::MirrorSource)?;
    graph.check_free(target.node(), Operation::MirrorTarget)?;
    if let Some(replaces) = &common.replaces {
        check_replaces(graph, &source, replaces)?;
    }
    let scope = scope(common.sync, &source, common.target_image)?;
    if common.buf_size.is_some_and(|given| given < 0) {
        return Err(Error::generic("Invalid parameter 'buf-size'"));
    }
    if Arc::ptr_eq(&source, target.node()) {
        return Err(Error::generic("Can't mirror node into itself"));
    }
    let uses = vec![
        NodeUse::mirror_source(Arc::clone(&source)),
        NodeUse::mirror_target(Arc::clone(target.node())),
    ];
    let options = MirrorOptions {
        job: common.job,
        source,
        target,
        scope,
        granularity,
        copy_mode: common.copy_mode,
        on_error: common.on_error,
        filter_node_name: common.filter_node_name,
        uses,
        writable: None,
        backing: common.backing,
    };
    create(context, options)
}

/// The granularity asked for; 0 leaves it to the job.
fn granularity(given: Option<u32>) -> Result<Option<u64>> {
    let granularity = match given {
        None | Some(0) => return Ok(None),
        Some(given) => given,
    };
    if !(512..=64 << 20).contains(&granularity) {
        return Err(Error::generic(
            "Parameter 'granularity' expects a value in range [512B, 64MB]",
        ));
    }
    if !granularity.is_power_of_two() {
        return Err(Error::generic("Parameter 'granularity' expects a power of 2"));
    }
    Ok(Some(granularity.into()))
}

fn scope(sync: MirrorSyncMode, source: &Node, target: TargetImage) -> Result<MirrorScope> {
    let full = match target {
        TargetImage::Open | TargetImage::Existing => MirrorScope::Full,
        TargetImage::New => MirrorScope::OntoZeroes,
    };
    match sync {
        // Nothing shows through the source, so what it holds is everything.
        MirrorSyncMode::Top if source.backing().is_none() => Ok(full),
        MirrorSyncMode::Top => Ok(MirrorScope::Top),
        MirrorSyncMode::Full => Ok(full),
        MirrorSyncMode::None => Ok(MirrorScope::None),
        MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap => {
            Err(Error::generic(format!("Sync mode '{}' not supported", sync.as_str())))
        }
    }
}

/// A node may be replaced if it is certain that it shows the same as the source. Of the drivers
/// that there are none passes on what it shows unchanged, so that only the source itself does.
fn check_replaces(graph: &Graph, source: &Arc<Node>, replaces: &str) -> Result<()> {
    let node = graph
        .get(replaces)
        .ok_or_else(|| block::error::Error::NodeNotFound(replaces.to_owned()))?;
    graph.check_free(&node, Operation::Replace)?;
    if Arc::ptr_eq(&node, source) {
        return Ok(());
    }
    Err(Error::generic(format!(
        "Cannot replace '{replaces}' by a node mirrored from '{}', because it cannot be \
         guaranteed that doing so would not lead to an abrupt change of visible data",
        source.name()
    )))
}
