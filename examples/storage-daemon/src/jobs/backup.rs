//! `backup`: copies a node as it is at one point in time.
//!
//! Nothing but jobs can write to nodes, and a backup shares its source with no job that writes: so
//! the source stands still for as long as the copy takes, and is copied from end to end.

use std::sync::Arc;

use job::{JobOptions, JobType, Jobs};
use qapi_core::{Error, Events, Result};

use crate::block_job::{self, BlockJob, BlockJobHandle, BlockJobWork, OnError, Running, copy};
use crate::copy::{Copier, CopySlots};
use crate::nodes::{Graph, Node, NodeUse, Operation};
use crate::qmp::backup::{
    BackupCommon, BackupPerf, BlockdevBackup, BlockdevOnError, MirrorSyncMode,
};

/// Checks what is asked for, reserves the nodes and starts the job.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use; an option is contradictory or not
/// supported; the identifier is malformed or in use.
pub fn start(
    jobs: &Jobs,
    graph: &Graph,
    slots: &CopySlots,
    events: &Events,
    options: BlockdevBackup,
) -> Result<()> {
    let BlockdevBackup { common, target } = options;
    let source = node(graph, &common.device)?;
    let target = node(graph, &target)?;
    check_bitmap(&common)?;
    check_supported(&common)?;
    check_nodes(graph, &source, &target, common.x_perf)?;

    let uses = [NodeUse::source(Arc::clone(&source)), NodeUse::target(Arc::clone(&target))];
    let copier = Copier::new(source, target, slots.clone())?;
    let unit = copier.granularity();
    let on_error = OnError {
        source: common.on_source_error.unwrap_or(BlockdevOnError::Report),
        target: common.on_target_error.unwrap_or(BlockdevOnError::Report),
    };
    let driver = BlockJob::new(Backup { copier, on_error }, events.clone());
    let job_options = JobOptions::new(JobType::Backup)
        .id(common.job_id.unwrap_or_default())
        .speed(common.speed.unwrap_or(0))
        .auto_finalize(common.auto_finalize.unwrap_or(true))
        .auto_dismiss(common.auto_dismiss.unwrap_or(true));
    // What is refused from here on, clients have seen created.
    let job = jobs.create(job_options, driver, None)?;
    check_chunk(common.x_perf, unit)?;
    block_job::reserve(&job, graph, uses)?;
    job.start();
    Ok(())
}

struct Backup {
    copier: Copier,
    on_error: OnError,
}

impl BlockJobWork for Backup {
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> Running<'a> {
        Box::pin(copy::copy(job, &self.copier, self.on_error))
    }
}

fn node(graph: &Graph, name: &str) -> Result<Arc<Node>> {
    let unknown = || crate::error::Error::no_device_or_node(name);
    Ok(graph.get(name).ok_or_else(unknown)?)
}

/// Bitmaps do not exist, so whoever names one or needs one is told so.
fn check_bitmap(common: &BackupCommon) -> Result<()> {
    match (&common.bitmap, common.sync) {
        (Some(bitmap), _) => Err(Error::generic(format!("Bitmap '{bitmap}' could not be found"))),
        (None, MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap) => Err(Error::generic(
            format!("must provide a valid bitmap name for '{}' sync mode", common.sync.as_str()),
        )),
        (None, MirrorSyncMode::Top | MirrorSyncMode::Full | MirrorSyncMode::None) => match common
            .bitmap_mode
        {
            Some(_) => Err(Error::generic("Cannot specify bitmap sync mode without a bitmap")),
            None => Ok(()),
        },
    }
}

fn check_supported(common: &BackupCommon) -> Result<()> {
    let sync = common.sync;
    if sync != MirrorSyncMode::Full {
        return Err(Error::generic(format!("Sync mode '{}' not supported", sync.as_str())));
    }
    if common.filter_node_name.is_some() {
        return Err(Error::generic("filter-node-name is not supported by this program"));
    }
    if common.discard_source == Some(true) {
        return Err(Error::generic("discard-source is not supported by this program"));
    }
    if common.compress == Some(true) {
        // The blank at the end stands before the name of a device, of which nodes have none.
        return Err(Error::generic("Compression is not supported for this drive "));
    }
    Ok(())
}

fn check_nodes(
    graph: &Graph,
    source: &Arc<Node>,
    target: &Arc<Node>,
    perf: Option<BackupPerf>,
) -> Result<()> {
    if Arc::ptr_eq(source, target) {
        return Err(Error::generic("Source and target cannot be the same"));
    }
    graph.check_free(source, Operation::BackupSource)?;
    graph.check_free(target, Operation::BackupTarget)?;
    if let Some(perf) = perf {
        check_perf(perf)?;
    }
    if source.size()? != target.size()? {
        return Err(Error::generic("Source and target image have different sizes"));
    }
    if target.is_read_only() {
        return Err(Error::generic("Could not create node: Block node is read-only"));
    }
    Ok(())
}

fn check_perf(perf: BackupPerf) -> Result<()> {
    let workers = 1..=i64::from(i32::MAX);
    if perf.max_workers.is_some_and(|given| !workers.contains(&given)) {
        return Err(Error::generic(format!(
            "max-workers must be between 1 and {}",
            workers.end()
        )));
    }
    if perf.max_chunk.is_some_and(|given| given < 0) {
        return Err(Error::generic("max-chunk must be zero (which means no limit) or positive"));
    }
    Ok(())
}

/// A chunk holds at least one unit of work, in which the copy keeps account.
fn check_chunk(perf: Option<BackupPerf>, unit: u64) -> Result<()> {
    match perf.and_then(|perf| perf.max_chunk) {
        Some(chunk) if chunk != 0 && chunk.cast_unsigned() < unit => Err(Error::generic(
            format!("Required max-chunk ({chunk}) is less than backup cluster size ({unit})"),
        )),
        Some(_) | None => Ok(()),
    }
}
