//! `mirror`: copies a node to another node, and keeps the copy up to date, until a client completes
//! or cancels the job.
//!
//! When a mirror is completed, the target replaces the source. The commit of an active layer is
//! also a mirror, whose target is a node of the same chain.

mod command;
mod write_follower;

pub use command::{blockdev_mirror, drive_mirror};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use block::copy::{Copier, DirtyBitmap, RETRY_DELAY, clear};
use block::nodes::backing::BackingChange;
use block::nodes::{
    Driver, Filter, FilterOptions, Graph, Node, NodeUse, Quiesced, WritableGuard, backing,
};
use block::options::BlockdevDiscardOptions;
use job::{CancelMode, JobHandle, JobType};
use parking_lot::Mutex;
use qapi_core::Result;
use rustix::io::Errno;

use super::prepare::{JobArguments, PreparedJob};
use super::target::JobTarget;
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, OnError,
    RunFuture, copy,
};
use crate::blocking::blocking;
use crate::messages;
use crate::schema::block_job::{BlockJobChange, MirrorCopyMode};
use write_follower::WriteFollower;

/// The smallest default granularity, in bytes.
const GRANULARITY_MIN: u64 = 4096;
/// The default granularity for targets without clusters, and the largest for those with.
const GRANULARITY_DEFAULT: u64 = 64 * 1024;

/// The arguments of a mirror, which the caller has checked.
pub struct MirrorOptions {
    /// The options of the job.
    pub job: JobArguments,
    /// The kind of job that clients see.
    pub job_type: JobType,
    /// The node to copy from.
    pub source: Arc<Node>,
    /// The node to copy to.
    pub target: JobTarget,
    /// The data to copy besides later writes.
    pub scope: MirrorScope,
    /// The granularity of the dirty bitmap in bytes; `None` selects the job's default.
    pub granularity: Option<u64>,
    /// How the mirror copies later writes.
    pub copy_mode: MirrorCopyMode,
    /// The policy for errors.
    pub on_error: OnError,
    /// The name of the job's filter node.
    pub filter_node_name: Option<String>,
    /// How the job uses its nodes, besides the filter.
    pub uses: Vec<NodeUse>,
    /// Makes a read-only target writable. The target stays writable if the job succeeds.
    pub writable: Option<WritableGuard>,
    /// The backing node of the target when the mirror has succeeded.
    pub backing: FinalBacking,
}

/// The backing node of the target when the mirror has succeeded.
#[derive(Debug)]
pub enum FinalBacking {
    /// The backing node is not changed.
    Unchanged,
    /// The backing file that the target's image names. This file is opened at the end of the job.
    FromHeader,
    /// This node, whose image the target's image names already.
    Node(Arc<Node>),
}

/// The data that a mirror copies besides later writes.
#[derive(Debug)]
pub enum MirrorScope {
    /// All data.
    Full,
    /// All data, to a new target that reads as zeroes.
    OntoZeroes,
    /// The data that the source itself has allocated.
    Top,
    /// The data that the nodes above the target have allocated. The target is grown to the source's
    /// size first.
    AboveTarget,
    /// No data.
    None,
}

/// Creates the job. Blocks.
///
/// # Errors
/// The identifier or the name of the filter node is malformed or in use; the job's uses of the
/// nodes conflict with those of other users.
pub fn prepare(context: &BlockJobContext, options: MirrorOptions) -> Result<PreparedJob> {
    let MirrorOptions { source, scope, on_error, mut uses, .. } = options;
    let target = Arc::clone(options.target.node());
    let graph = &context.graph;
    let filter = FilterOptions {
        driver: Driver::MirrorTop,
        name: options.filter_node_name,
        target: None,
        merges: matches!(scope, MirrorScope::AboveTarget),
    };
    let filter = graph.insert_filter(&source, filter)?;
    uses.insert(0, NodeUse::mirror_filter(Arc::clone(filter.node())));

    let granularity = granularity(&target, options.granularity, &scope);
    let bitmap = Arc::new(DirtyBitmap::new(source.size()?, granularity)?);
    let follower =
        WriteFollower::new(Arc::clone(&bitmap), Arc::clone(&target), options.copy_mode);
    let copier = Copier::new(Arc::clone(&source), Arc::clone(&target), context.slots.clone())?;
    let driver = Mirror {
        copier: copier.in_units_of(granularity),
        bitmap,
        follower: Arc::new(follower),
        graph: graph.clone(),
        source,
        target,
        scope,
        on_error,
        should_complete: AtomicBool::new(false),
        quiesced: Mutex::new(None),
        filter: Mutex::new(Some(filter)),
        writable: Mutex::new(options.writable),
        backing: options.backing,
    };
    let driver = BlockJob::new(driver, context.events.clone());
    // Clients receive errors from here on after the job's first event.
    let created = options.job.create(&context.jobs, options.job_type, driver, None)?;
    let (opened, created_file) = options.target.into_parts();
    let prepared = PreparedJob::new(created, created_file);
    block_job::reserve_with_opened(prepared.job(), graph, uses, opened)?;
    Ok(prepared)
}

/// The granularity of the dirty bitmap, in bytes. If the target's image names a backing file, and
/// only a part of the data is copied, the granularity is at least a cluster: a partial copy of a
/// cluster would expose data of the backing file in the rest of the cluster.
fn granularity(target: &Node, given: Option<u64>, scope: &MirrorScope) -> u64 {
    let cluster = target.cluster_size();
    let fitting = |size: u64| size.clamp(GRANULARITY_MIN, GRANULARITY_DEFAULT);
    let wanted = given.unwrap_or_else(|| cluster.map_or(GRANULARITY_DEFAULT, fitting));
    match scope {
        MirrorScope::Top | MirrorScope::None if target.names_backing() => {
            wanted.max(cluster.unwrap_or(0))
        }
        MirrorScope::Full
        | MirrorScope::OntoZeroes
        | MirrorScope::Top
        | MirrorScope::AboveTarget
        | MirrorScope::None => wanted,
    }
}

struct Mirror {
    copier: Copier,
    bitmap: Arc<DirtyBitmap>,
    follower: Arc<WriteFollower>,
    graph: Graph,
    source: Arc<Node>,
    target: Arc<Node>,
    scope: MirrorScope,
    on_error: OnError,
    /// Whether a client has completed the job. The target replaces the source as soon as both are
    /// equal.
    should_complete: AtomicBool,
    /// Blocks writes to the source from the moment at which both nodes are equal until the target
    /// has replaced the source.
    quiesced: Mutex<Option<Quiesced>>,
    /// The filter node above the source, until the job is cleaned up.
    filter: Mutex<Option<Filter>>,
    /// Makes a read-only target writable, and read-only again if the job fails.
    writable: Mutex<Option<WritableGuard>>,
    backing: FinalBacking,
}

impl BlockJobDriver for Mirror {
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        Box::pin(self.mirror(job))
    }

    fn complete(&self, job: &JobHandle) -> Result<()> {
        self.should_complete.store(true, Ordering::Relaxed);
        job.enter();
        Ok(())
    }

    /// A soft cancel of a ready mirror ends it successfully, without replacing the source.
    fn cancel(&self, job: &JobHandle, mode: CancelMode) -> CancelMode {
        if job.is_ready() { mode } else { CancelMode::Force }
    }

    fn change(&self, options: &BlockJobChange) -> Result<()> {
        match self.scope {
            MirrorScope::Full
            | MirrorScope::OntoZeroes
            | MirrorScope::Top
            | MirrorScope::None => {}
            // The job is a commit for clients, which has no options to change.
            MirrorScope::AboveTarget => return Err(job::cannot_change()),
        }
        // As in QEMU, options of another kind of job count as `background`.
        let wanted = match options {
            BlockJobChange::Mirror(options) => options.copy_mode,
            BlockJobChange::Commit
            | BlockJobChange::Stream
            | BlockJobChange::Backup
            | BlockJobChange::Create
            | BlockJobChange::Amend
            | BlockJobChange::SnapshotLoad
            | BlockJobChange::SnapshotSave
            | BlockJobChange::SnapshotDelete
            | BlockJobChange::Other(_) => MirrorCopyMode::Background,
        };
        match (wanted, self.follower.is_write_blocking()) {
            (MirrorCopyMode::WriteBlocking, _) => self.follower.block_writes(),
            (MirrorCopyMode::Background, false) => {}
            (MirrorCopyMode::Background, true) => {
                return Err(messages::cannot_change_copy_mode(wanted.as_str()));
            }
        }
        Ok(())
    }

    fn actively_synced(&self) -> bool {
        self.follower.is_synced()
    }

    /// Replaces the source by the target for all users of the source, and unblocks their writes.
    fn prepare(&self) -> Result<()> {
        let quiesced = self.quiesced.lock().take();
        // As in QEMU, the source is replaced even if the target lacks its backing node.
        let backing = self.set_final_backing();
        match quiesced {
            Some(source) if self.should_complete.load(Ordering::Relaxed) => {
                self.copy_read_only();
                let replaced = self.graph.replace(&source, &self.target);
                replaced.map_err(|error| messages::cannot_change_graph(&self.source, error))?;
            }
            Some(_) | None => {}
        }
        backing?;
        if let Some(writable) = self.writable.lock().take() {
            writable.persist();
        }
        Ok(())
    }

    fn prepare_blocks(&self) -> bool {
        let is_completed = self.should_complete.load(Ordering::Relaxed);
        is_completed || !matches!(self.backing, FinalBacking::Unchanged)
    }

    fn clean(&self, drops: &mut DeferredDrops) {
        drops.filter(self.filter.lock().take());
        drops.writable(self.writable.lock().take());
    }
}

impl Mirror {
    /// Sets the final backing node of the target. As in QEMU, clients see no details of an error.
    fn set_final_backing(&self) -> Result<()> {
        let (result, errno) = match &self.backing {
            FinalBacking::Unchanged => return Ok(()),
            FinalBacking::FromHeader => (self.graph.open_backing(&self.target), Errno::INVAL),
            FinalBacking::Node(node) => {
                let change = BackingChange { node: Some(Arc::clone(node)), name: None };
                (self.graph.change_backing(&self.target, change), Errno::PERM)
            }
        };
        result.map_err(|error| {
            tracing::warn!(node = %self.target.name(), %error, "the target lacks its backing node");
            block::error::Error::Io(errno.into()).into()
        })
    }

    /// Makes the target read-only if the source is, and writable otherwise.
    fn copy_read_only(&self) {
        let mode = self.source.access_mode();
        if self.target.access_mode() != mode
            && let Err(error) = self.graph.set_access_mode(&self.target, mode)
        {
            tracing::warn!(node = %self.target.name(), %error, "the target keeps its mode");
        }
    }

    async fn mirror(&self, job: BlockJobHandle<'_>) -> Result<()> {
        self.match_size().await?;
        self.source.quiesce().await.watch(&self.follower);
        self.mark_initial(job).await?;
        loop {
            copy::follow(job, &self.copier, &self.bitmap, self.on_error).await?;
            if !job.is_ready() {
                if !self.flush(job).await? {
                    job.sleep(RETRY_DELAY).await?;
                    continue;
                }
                if self.bitmap.length() == 0 {
                    self.follower.set_synced();
                }
                job.ready();
            }
            if self.follower.is_write_blocking() && self.bitmap.is_clean() {
                self.follower.set_synced();
            }
            if self.should_end(job) {
                if self.quiesce_if_clean(job).await? {
                    return Ok(());
                }
                continue;
            }
            tokio::select! {
                woken = job.entered() => woken?,
                () = self.bitmap.marked() => job.pause_point().await?,
            }
        }
    }

    /// Checks that the target has the size of the source, or grows the target.
    async fn match_size(&self) -> Result<()> {
        let (target, length) = (Arc::clone(&self.target), self.bitmap.length());
        match self.scope {
            MirrorScope::AboveTarget => {
                blocking(move || target.grow(length)).await?;
            }
            MirrorScope::Full
            | MirrorScope::OntoZeroes
            | MirrorScope::Top
            | MirrorScope::None => {
                if target.size()? != length {
                    return Err(messages::sizes_differ());
                }
            }
        }
        Ok(())
    }

    /// Marks the data as dirty that the job copies besides later writes.
    async fn mark_initial(&self, job: BlockJobHandle<'_>) -> Result<()> {
        let images: Vec<Arc<Node>> = match self.scope {
            MirrorScope::None => return Ok(()),
            // A target that unmaps zeroes is zeroed first, so that only allocated data are copied.
            MirrorScope::Full if self.target.discard() == BlockdevDiscardOptions::Unmap => {
                self.clear_target().await?;
                backing::images(&self.source).collect()
            }
            MirrorScope::Full => {
                self.bitmap.mark(0, self.bitmap.length());
                return Ok(());
            }
            MirrorScope::OntoZeroes => backing::images(&self.source).collect(),
            MirrorScope::Top => vec![Arc::clone(&self.source)],
            MirrorScope::AboveTarget => backing::images(&self.source)
                .take_while(|node| !Arc::ptr_eq(node, &self.target))
                .collect(),
        };
        copy::mark_allocated(job, &self.bitmap, &images).await
    }

    async fn clear_target(&self) -> Result<()> {
        let (target, length) = (Arc::clone(&self.target), self.bitmap.length());
        blocking(move || clear(&target, 0, length)).await
    }

    /// Whether a client has completed or cancelled the job, which is ready.
    fn should_end(&self, job: BlockJobHandle<'_>) -> bool {
        self.should_complete.load(Ordering::Relaxed) || job.cancel_requested()
    }

    /// Blocks writes to the source and flushes the target, if both are equal. Returns whether both
    /// are equal and the target is flushed; if not, writes are unblocked again.
    async fn quiesce_if_clean(&self, job: BlockJobHandle<'_>) -> Result<bool> {
        let quiesced = self.source.quiesce().await;
        if !self.bitmap.is_clean() {
            return Ok(false);
        }
        if self.flush(job).await? {
            *self.quiesced.lock() = Some(quiesced);
            return Ok(true);
        }
        drop(quiesced);
        job.sleep(RETRY_DELAY).await?;
        Ok(false)
    }

    /// Flushes the target. Returns whether the flush succeeded; if not, the job must repeat it.
    async fn flush(&self, job: BlockJobHandle<'_>) -> Result<bool> {
        copy::try_flush(job, &self.target, self.on_error).await
    }
}
