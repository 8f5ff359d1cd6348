//! `backup`: copies a node as it is at one point in time.
//!
//! Jobs that write have no part in the source meanwhile. What others are about to overwrite there
//! is copied before, so that the copy is of the moment when the job was made.

use std::sync::Arc;

use block::copy::{Copier, Pace, PointInTime, Scope};
use block::nodes::options::{DetectZeroes, Discard};
use block::nodes::{Driver, Filter, FilterOptions, NamedAs, Node, NodeUse, Operation};
use job::{JobOptions, JobType};
use parking_lot::Mutex;
use qapi_core::{Error, Result};

use super::drive_target::{DriveTarget, TargetBacking};
use super::prepared_job::{JobTarget, PreparedJob, cannot_create_node};
use super::transaction::TransactionContext;
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, OnError,
    RunFuture, copy,
};
use crate::schema::backup::{
    BackupCommon, BackupPerf, BitmapSyncMode, BlockdevBackup, DriveBackup,
};
use crate::schema::block_job::BlockdevOnError;
use crate::schema::mirror::{MirrorSyncMode, NewImageMode};

/// The largest unit of work that a client may ask for. QEMU ends itself when it is asked for more.
const UNIT_MAX: u64 = 1 << 30;

/// Makes a job that copies to a node. It is yet to be started. Blocks until writes to the source
/// that are under way are done.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use; an option is contradictory or not
/// supported; the identifier is malformed or in use.
pub fn blockdev_backup(
    context: &BlockJobContext,
    options: BlockdevBackup,
    transaction: &mut TransactionContext,
) -> Result<PreparedJob> {
    let BlockdevBackup { common, target } = options;
    let source = node(context, &common.device)?;
    let target = JobTarget::named(node(context, &target)?);
    create(context, common, source, target, transaction)
}

/// Makes a job that copies to a file. It is yet to be started. Blocks.
///
/// # Errors
/// As for [`blockdev_backup`]; the file cannot be made or opened.
pub fn drive_backup(
    context: &BlockJobContext,
    options: DriveBackup,
    transaction: &mut TransactionContext,
) -> Result<PreparedJob> {
    let DriveBackup { mut common, target, format, mode } = options;
    let source = node(context, &common.device)?;
    context.graph.check_free(&source, Operation::BackupSource)?;
    let backing = match common.sync {
        MirrorSyncMode::Top => source.backing(),
        MirrorSyncMode::None => Some(Arc::clone(&source)),
        MirrorSyncMode::Full | MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap => None,
    };
    if common.sync == MirrorSyncMode::Top && backing.is_none() {
        // Nothing shows through the source, so what it holds is everything.
        common.sync = MirrorSyncMode::Full;
    }
    let target = DriveTarget {
        filename: target,
        format,
        node_name: None,
        mode: mode.unwrap_or(NewImageMode::AbsolutePaths),
        source: &source,
        backing,
        shows: match common.sync {
            MirrorSyncMode::None => TargetBacking::Source,
            MirrorSyncMode::Top
            | MirrorSyncMode::Full
            | MirrorSyncMode::Incremental
            | MirrorSyncMode::Bitmap => TargetBacking::Named,
        },
        discard: Discard::Unmap,
        detect_zeroes: DetectZeroes::Unmap,
    };
    let target = target.open(&context.graph)?;
    create(context, common, source, target, transaction)
}

fn node(context: &BlockJobContext, name: &str) -> Result<Arc<Node>> {
    let unknown = || block::error::Error::no_device_or_node(name);
    Ok(context.graph.get(name).ok_or_else(unknown)?)
}

/// Checks what is asked for, makes the job and reserves the nodes.
fn create(
    context: &BlockJobContext,
    common: BackupCommon,
    source: Arc<Node>,
    target: JobTarget,
    transaction: &mut TransactionContext,
) -> Result<PreparedJob> {
    check_unit(&common)?;
    check_bitmap(&common)?;
    check_nodes(context, &common, &source, target.node())?;
    let perf = common.x_perf;
    let filter = context
        .graph
        .insert_filter(
            &source,
            FilterOptions {
                driver: Driver::CopyBeforeWrite,
                name: common.filter_node_name.clone(),
                target: Some(Arc::clone(target.node())),
                merges: false,
            },
        )
        .map_err(cannot_create_node)?;
    if target.node().is_read_only() {
        return Err(cannot_create_node(block::error::Error::NodeReadOnly));
    }
    // The target is below the filter, too.
    let written = NodeUse {
        attached: false,
        user: NamedAs::Node(filter.node().name().to_owned()),
        ..NodeUse::target(Arc::clone(target.node()))
    };
    let job_id = common.job_id.clone().unwrap_or_default();
    let writing = context
        .graph
        .reserve(JobType::Backup.as_str(), &job_id, [written])
        .map_err(cannot_create_node)?;
    let copier = copier(context, &common, &source, target.node())?;
    check_chunk(perf, copier.granularity())?;
    check_supported(&common)?;
    let point_in_time = Arc::new(PointInTime::new(copier)?);

    let on_error = OnError {
        source: common.on_source_error.unwrap_or(BlockdevOnError::Report),
        target: common.on_target_error.unwrap_or(BlockdevOnError::Report),
    };
    let job_options = JobOptions::new(JobType::Backup)
        .id(job_id)
        .speed(common.speed.unwrap_or(0))
        .auto_finalize(common.auto_finalize.unwrap_or(true))
        .auto_dismiss(common.auto_dismiss.unwrap_or(true));
    let copies = common.sync != MirrorSyncMode::None;
    let watcher = Arc::clone(&point_in_time);
    let filtered = Arc::clone(filter.node());
    let work = Backup { point_in_time, on_error, copies, filter: Mutex::new(Some(filter)) };
    let driver = BlockJob::new(work, context.events.clone());
    // What is refused from here on, clients have seen created.
    let created = context.jobs.create(job_options, driver, transaction.group.as_ref())?;
    let (opened, made) = target.into_parts();
    let prepared = PreparedJob::new(created, made);
    block_job::keep(prepared.job(), writing);
    let filtered = NodeUse::filter(filtered);
    block_job::reserve_with_opened(prepared.job(), &context.graph, [filtered], opened)?;
    transaction.watch(&source, &watcher);
    Ok(prepared)
}

struct Backup {
    point_in_time: Arc<PointInTime>,
    on_error: OnError,
    /// Whether it does anything of its own accord, rather than only before others write.
    copies: bool,
    /// Stands for the job in the graph.
    filter: Mutex<Option<Filter>>,
}

impl BlockJobDriver for Backup {
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        if self.copies {
            Box::pin(copy::copy(job, &self.point_in_time, self.on_error))
        } else {
            Box::pin(copy::watch(job, &self.point_in_time))
        }
    }

    fn clean(&self, drops: &mut DeferredDrops) {
        drops.filter(self.filter.lock().take());
    }
}

/// QEMU looks at this first, and at what else there is to say about the unit much later.
fn check_unit(common: &BackupCommon) -> Result<()> {
    let most = i64::MAX.cast_unsigned();
    match common.x_perf.and_then(|perf| perf.min_cluster_size) {
        Some(unit) if unit > most => {
            Err(Error::generic(format!("min-cluster-size too large: {unit} > {most}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Bitmaps do not exist, so whoever names one or needs one is told so.
fn check_bitmap(common: &BackupCommon) -> Result<()> {
    let refused = |text: String| Err(Error::generic(text));
    let sync = common.sync.as_str();
    match common.sync {
        MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap if common.bitmap.is_none() => {
            return refused(format!("must provide a valid bitmap name for '{sync}' sync mode"));
        }
        MirrorSyncMode::Incremental => match common.bitmap_mode {
            None | Some(BitmapSyncMode::OnSuccess) => {}
            Some(BitmapSyncMode::Never | BitmapSyncMode::Always) => {
                return refused(format!(
                    "Bitmap sync mode must be '{}' when using sync mode '{sync}'",
                    BitmapSyncMode::OnSuccess.as_str(),
                ));
            }
        },
        MirrorSyncMode::Bitmap
        | MirrorSyncMode::Top
        | MirrorSyncMode::Full
        | MirrorSyncMode::None => {}
    }
    match (&common.bitmap, common.bitmap_mode) {
        (Some(bitmap), _) => refused(format!("Bitmap '{bitmap}' could not be found")),
        (None, Some(_)) => refused("Cannot specify bitmap sync mode without a bitmap".into()),
        (None, None) => Ok(()),
    }
}

fn check_nodes(
    context: &BlockJobContext,
    common: &BackupCommon,
    source: &Arc<Node>,
    target: &Arc<Node>,
) -> Result<()> {
    if Arc::ptr_eq(source, target) {
        return Err(Error::generic("Source and target cannot be the same"));
    }
    if common.compress == Some(true) && !target.compresses() {
        // The blank at the end stands before the name of a device, of which nodes have none.
        return Err(Error::generic("Compression is not supported for this drive "));
    }
    context.graph.check_free(source, Operation::BackupSource)?;
    context.graph.check_free(target, Operation::BackupTarget)?;
    if let Some(perf) = common.x_perf {
        check_perf(perf)?;
    }
    if source.size()? != target.size()? {
        return Err(Error::generic("Source and target image have different sizes"));
    }
    Ok(())
}

fn check_supported(common: &BackupCommon) -> Result<()> {
    if common.discard_source == Some(true) {
        return Err(Error::generic("discard-source is not supported by this program"));
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

fn copier(
    context: &BlockJobContext,
    common: &BackupCommon,
    source: &Arc<Node>,
    target: &Arc<Node>,
) -> Result<Copier> {
    let copier = Copier::new(Arc::clone(source), Arc::clone(target), context.slots.clone())?;
    let scope = match common.sync {
        MirrorSyncMode::Top => Scope::Top,
        MirrorSyncMode::Full
        | MirrorSyncMode::None
        | MirrorSyncMode::Incremental
        | MirrorSyncMode::Bitmap => Scope::Full,
    };
    let copier = copier.compressing(common.compress == Some(true));
    let mut pace = Pace::default();
    let Some(perf) = common.x_perf else { return Ok(copier.scope(scope)) };
    if let Some(workers) = perf.max_workers {
        pace.requests = workers.try_into().unwrap_or(usize::MAX);
    }
    if let Some(chunk) = perf.max_chunk.filter(|chunk| *chunk != 0) {
        pace.bytes = chunk.cast_unsigned();
    }
    let unit = unit(perf.min_cluster_size)?;
    Ok(copier.scope(scope).pace(pace).granularity_min(unit))
}

/// The least unit of work that a client asks for; 0 leaves it to the job.
fn unit(min_cluster_size: Option<u64>) -> Result<u64> {
    let refused = |text: String| {
        Err(Error::generic(format!(
            "Could not create node: Cannot create block-copy-state: {text}"
        )))
    };
    match min_cluster_size.unwrap_or(0) {
        0 => Ok(0),
        unit if !unit.is_power_of_two() => {
            refused("min-cluster-size needs to be a power of 2".into())
        }
        unit if unit > UNIT_MAX => {
            refused(format!("min-cluster-size is too large: {unit} > {UNIT_MAX}"))
        }
        unit => Ok(unit),
    }
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
