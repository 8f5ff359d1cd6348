//! `backup`: copies a node as it is at one point in time.
//!
//! The source stays writable. A filter node above the source copies each range before a write
//! overwrites the range. The target thus gets the contents that the source had when the job was
//! created.

use std::sync::Arc;

use block::copy::{Copier, Pace, PointInTime, Scope};
use block::error::Error;
use block::image::dirty_bitmaps::BusyBitmap;
use block::nodes::{
    Driver, Filter, FilterOptions, Node, NodeUse, Operation, Reservation, UserName, backing,
};
use block::options::{BlockdevDetectZeroesOptions, BlockdevDiscardOptions};
use job::{JobOutcome, JobType};
use parking_lot::Mutex;
use qapi_core::Result;

use super::prepare::{JobArguments, PreparedJob, TransactionContext};
use super::target::{DriveTarget, JobTarget, TargetBacking};
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, OnError,
    RunFuture, copy,
};
use crate::messages;
use crate::schema::backup::{
    BackupCommon, BackupPerf, BitmapSyncMode, BlockdevBackup, DriveBackup,
};
use crate::schema::mirror::{MirrorSyncMode, NewImageMode};

/// The largest `min-cluster-size`, in bytes. QEMU aborts on larger values.
const CLUSTER_SIZE_MAX: u64 = 1 << 30;

/// Prepares a job that copies to a node. Blocks until the source has no writes in flight.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use; options contradict each other or are
/// not supported; the identifier is malformed or in use.
pub fn blockdev_backup(
    context: &BlockJobContext,
    options: BlockdevBackup,
    transaction: &mut TransactionContext,
) -> Result<PreparedJob> {
    let BlockdevBackup { common, target } = options;
    let source = node(context, &common.device)?;
    let target = JobTarget::named(node(context, &target)?);
    prepare(context, common, source, target, transaction)
}

/// Prepares a job that copies to a file. Blocks as [`blockdev_backup`] does.
///
/// # Errors
/// As for [`blockdev_backup`]; or the file cannot be created or opened.
pub fn drive_backup(
    context: &BlockJobContext,
    options: DriveBackup,
    transaction: &mut TransactionContext,
) -> Result<PreparedJob> {
    let DriveBackup { mut common, target, format, mode } = options;
    let source = node(context, &common.device)?;
    context.graph.check_free(&source, Operation::BackupSource)?;
    let backing = match common.sync {
        MirrorSyncMode::Top => backing::backing_of_image(&source),
        MirrorSyncMode::None => Some(Arc::clone(&source)),
        MirrorSyncMode::Full | MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap => None,
    };
    if common.sync == MirrorSyncMode::Top && backing.is_none() {
        // Without a backing node, the source itself has all contents.
        common.sync = MirrorSyncMode::Full;
    }
    let target = DriveTarget {
        filename: target,
        format,
        node_name: None,
        mode: mode.unwrap_or(NewImageMode::AbsolutePaths),
        source: &source,
        backing,
        opened_with: match common.sync {
            MirrorSyncMode::None => TargetBacking::Source,
            MirrorSyncMode::Top
            | MirrorSyncMode::Full
            | MirrorSyncMode::Incremental
            | MirrorSyncMode::Bitmap => TargetBacking::FromHeader,
        },
        discard: BlockdevDiscardOptions::Unmap,
        detect_zeroes: BlockdevDetectZeroesOptions::Unmap,
    };
    let target = target.open(&context.graph)?;
    prepare(context, common, source, target, transaction)
}

fn node(context: &BlockJobContext, name: &str) -> Result<Arc<Node>> {
    Ok(context.graph.get(name).ok_or_else(|| Error::no_device_or_node(name))?)
}

/// Checks the arguments in QEMU's order, reserves the nodes and creates the job.
fn prepare(
    context: &BlockJobContext,
    common: BackupCommon,
    source: Arc<Node>,
    target: JobTarget,
    transaction: &mut TransactionContext,
) -> Result<PreparedJob> {
    check_min_cluster_size(&common)?;
    let common = BackupCommon { bitmap_mode: check_bitmap(&common, &source)?, ..common };
    check_nodes(context, &common, &source, target.node())?;
    let bitmap = reserve_bitmap(&common, &source, transaction)?;
    if source.size()? != target.node().size()? {
        return Err(messages::sizes_differ());
    }
    let filter = insert_filter(context, &common, &source, target.node())?;
    let target_reservation = reserve_target(context, &common, &filter, target.node())?;
    let copier = copier(context, &common, &source, target.node())?;
    check_max_chunk(common.x_perf, copier.granularity())?;
    if common.discard_source == Some(true) {
        return Err(messages::not_supported("discard-source"));
    }
    let is_partial = matches!(common.sync, MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap);
    let point_in_time = Arc::new(match bitmap.as_ref().filter(|_| is_partial) {
        Some((bitmap, _)) => PointInTime::of_bitmap(copier, bitmap)?,
        None => PointInTime::new(copier)?,
    });
    // An overlay that is put on the source separates it from the filter.
    let uses = [
        NodeUse::filter(Arc::clone(filter.node())),
        NodeUse::stays_open(Arc::clone(&source)),
        NodeUse::job_target(Arc::clone(target.node())),
    ];
    let driver = Backup {
        point_in_time: Arc::clone(&point_in_time),
        on_error: OnError::new(common.on_source_error, common.on_target_error),
        copies_all: common.sync != MirrorSyncMode::None,
        bitmap: Mutex::new(bitmap),
        filter: Mutex::new(Some(filter)),
    };
    let driver = BlockJob::new(driver, context.events.clone());
    let arguments = JobArguments {
        job_id: common.job_id,
        speed: common.speed,
        auto_finalize: common.auto_finalize,
        auto_dismiss: common.auto_dismiss,
    };
    // Clients receive errors from here on after the job's first event.
    let group = transaction.transaction.as_ref();
    let created = arguments.create(&context.jobs, JobType::Backup, driver, group)?;
    let (opened, created_file) = target.into_parts();
    let prepared = PreparedJob::new(created, created_file);
    block_job::add_reservation(prepared.job(), target_reservation);
    block_job::reserve_with_opened(prepared.job(), &context.graph, uses, opened)?;
    transaction.watch(&source, &point_in_time);
    Ok(prepared)
}

/// Inserts the filter node above the source. The filter copies ranges before they are overwritten.
fn insert_filter(
    context: &BlockJobContext,
    common: &BackupCommon,
    source: &Arc<Node>,
    target: &Arc<Node>,
) -> Result<Filter> {
    let options = FilterOptions {
        driver: Driver::CopyBeforeWrite,
        name: common.filter_node_name.clone(),
        target: Some(Arc::clone(target)),
        merges: false,
    };
    let filter = context.graph.insert_filter(source, options);
    let filter = filter.map_err(messages::cannot_create_node)?;
    if target.is_read_only() {
        return Err(messages::cannot_create_node(Error::NodeReadOnly));
    }
    Ok(filter)
}

/// Reserves the target on behalf of the filter, which writes to the target.
fn reserve_target(
    context: &BlockJobContext,
    common: &BackupCommon,
    filter: &Filter,
    target: &Arc<Node>,
) -> Result<Reservation> {
    let target_use = NodeUse {
        attached: false,
        user: UserName::Node(filter.node().name().to_owned()),
        ..NodeUse::target(Arc::clone(target))
    };
    let job_id = common.job_id.as_deref().unwrap_or_default();
    let reserved = context.graph.reserve(JobType::Backup.as_str(), job_id, [target_use]);
    reserved.map_err(messages::cannot_create_node)
}

struct Backup {
    point_in_time: Arc<PointInTime>,
    on_error: OnError,
    /// Whether the job copies everything, rather than only data that are about to be overwritten.
    copies_all: bool,
    /// The bitmap that the job uses, until the job is over.
    bitmap: Mutex<Option<(BusyBitmap, BitmapSyncMode)>>,
    /// The filter node above the source, until the job is cleaned up.
    filter: Mutex<Option<Filter>>,
}

impl BlockJobDriver for Backup {
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        if self.copies_all {
            Box::pin(copy::copy_point_in_time(job, &self.point_in_time, self.on_error))
        } else {
            Box::pin(copy::copy_before_write(job, &self.point_in_time))
        }
    }

    fn finish(&self, outcome: JobOutcome) {
        let Some((bitmap, mode)) = self.bitmap.lock().take() else { return };
        let is_replaced = match mode {
            BitmapSyncMode::Never => false,
            BitmapSyncMode::OnSuccess => outcome == JobOutcome::Success,
            BitmapSyncMode::Always => true,
        };
        if is_replaced {
            bitmap.replace(self.point_in_time.remaining());
        }
    }

    fn clean(&self, drops: &mut DeferredDrops) {
        drops.filter(self.filter.lock().take());
    }
}

/// QEMU checks this limit first, and the other limits of `min-cluster-size` much later.
fn check_min_cluster_size(common: &BackupCommon) -> Result<()> {
    let most = i64::MAX.cast_unsigned();
    match common.x_perf.and_then(|perf| perf.min_cluster_size) {
        Some(size) if size > most => Err(messages::min_cluster_size_too_large(size, most)),
        Some(_) | None => Ok(()),
    }
}

/// Checks the arguments about a bitmap, in QEMU's order. Returns the mode, also if it is implied.
fn check_bitmap(common: &BackupCommon, source: &Node) -> Result<Option<BitmapSyncMode>> {
    let sync = common.sync.as_str();
    let mode = match common.sync {
        MirrorSyncMode::Incremental | MirrorSyncMode::Bitmap if common.bitmap.is_none() => {
            return Err(messages::bitmap_missing(sync));
        }
        MirrorSyncMode::Incremental => match common.bitmap_mode {
            None | Some(BitmapSyncMode::OnSuccess) => Some(BitmapSyncMode::OnSuccess),
            Some(BitmapSyncMode::Never | BitmapSyncMode::Always) => {
                let mode = BitmapSyncMode::OnSuccess.as_str();
                return Err(messages::bitmap_mode_must_be(mode, sync));
            }
        },
        MirrorSyncMode::Bitmap
        | MirrorSyncMode::Top
        | MirrorSyncMode::Full
        | MirrorSyncMode::None => common.bitmap_mode,
    };
    let (name, mode) = match (&common.bitmap, mode) {
        (Some(name), Some(mode)) => (name, mode),
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(messages::bitmap_mode_without_bitmap()),
        (Some(name), None) if source.dirty_bitmaps().has(name) => {
            return Err(messages::bitmap_mode_missing());
        }
        (Some(name), None) => return Err(messages::no_bitmap(name)),
    };
    source.dirty_bitmaps().check(name, false).map_err(|error| match error {
        Error::BitmapNotFound(name) => messages::no_bitmap(&name),
        other => other.into(),
    })?;
    match (common.sync, mode) {
        (MirrorSyncMode::None, _) => Err(messages::bitmap_without_output(sync)),
        (MirrorSyncMode::Full | MirrorSyncMode::Top, BitmapSyncMode::Never) => {
            Err(messages::bitmap_mode_without_effect(mode.as_str(), sync))
        }
        (
            MirrorSyncMode::Full
            | MirrorSyncMode::Top
            | MirrorSyncMode::Incremental
            | MirrorSyncMode::Bitmap,
            _,
        ) => Ok(Some(mode)),
    }
}

/// Reserves the bitmap. The source has no writes in flight from then on, so that its bits belong
/// to the contents that are copied.
fn reserve_bitmap(
    common: &BackupCommon,
    source: &Arc<Node>,
    transaction: &mut TransactionContext,
) -> Result<Option<(BusyBitmap, BitmapSyncMode)>> {
    let (Some(name), Some(mode)) = (&common.bitmap, common.bitmap_mode) else { return Ok(None) };
    transaction.quiesce(source);
    let modified = mode != BitmapSyncMode::Never;
    let bitmap = source.dirty_bitmaps().reserve_for_backup(name, modified)?;
    Ok(Some((bitmap, mode)))
}

fn check_nodes(
    context: &BlockJobContext,
    common: &BackupCommon,
    source: &Arc<Node>,
    target: &Arc<Node>,
) -> Result<()> {
    if Arc::ptr_eq(source, target) {
        return Err(messages::source_is_target());
    }
    if common.compress == Some(true) && !target.compresses() {
        return Err(messages::cannot_compress());
    }
    context.graph.check_free(source, Operation::BackupSource)?;
    context.graph.check_free(target, Operation::BackupTarget)?;
    common.x_perf.map_or(Ok(()), check_perf)
}

fn check_perf(perf: BackupPerf) -> Result<()> {
    let workers = 1..=i64::from(i32::MAX);
    if perf.max_workers.is_some_and(|given| !workers.contains(&given)) {
        return Err(messages::max_workers_out_of_range(*workers.end()));
    }
    if perf.max_chunk.is_some_and(|given| given < 0) {
        return Err(messages::max_chunk_negative());
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
    let copier = match common.compress {
        Some(true) => copier.compressing(),
        Some(false) | None => copier,
    };
    let mut pace = Pace::default();
    let Some(perf) = common.x_perf else { return Ok(copier.scope(scope)) };
    if let Some(workers) = perf.max_workers {
        pace.requests = workers.try_into().unwrap_or(usize::MAX);
    }
    if let Some(chunk) = perf.max_chunk.filter(|chunk| *chunk != 0) {
        pace.bytes = chunk.cast_unsigned();
    }
    let granularity = granularity_min(perf.min_cluster_size)?;
    Ok(copier.scope(scope).pace(pace).granularity_min(granularity))
}

/// The smallest granularity that the client allows, in bytes; 0 means any granularity.
fn granularity_min(min_cluster_size: Option<u64>) -> Result<u64> {
    match min_cluster_size.unwrap_or(0) {
        0 => Ok(0),
        size if !size.is_power_of_two() => Err(messages::min_cluster_size_no_power_of_2()),
        size if size > CLUSTER_SIZE_MAX => {
            Err(messages::min_cluster_size_above_limit(size, CLUSTER_SIZE_MAX))
        }
        size => Ok(size),
    }
}

/// A request copies at least one unit of the copier's granularity.
fn check_max_chunk(perf: Option<BackupPerf>, granularity: u64) -> Result<()> {
    match perf.and_then(|perf| perf.max_chunk) {
        Some(chunk) if chunk != 0 && chunk.cast_unsigned() < granularity => {
            Err(messages::max_chunk_too_small(chunk, granularity))
        }
        Some(_) | None => Ok(()),
    }
}
