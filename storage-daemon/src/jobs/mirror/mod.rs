//! `mirror`: makes one node the same as another and keeps it so, until a client has it take the
//! other's place or is content with the copy.
//!
//! Active commits are mirrors, too: of a node onto one below it.

mod command;
mod follower;

pub use command::{blockdev_mirror, drive_mirror};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use block::copy::{Copier, DirtyBitmap, RETRY_DELAY, clear};
use block::nodes::backing::BackingChange;
use block::nodes::options::Discard;
use block::nodes::{
    Driver, Filter, FilterOptions, Graph, Node, NodeUse, Quiesced, WritableGuard, backing,
};
use job::{JobHandle, JobOptions};
use nix::errno::Errno;
use parking_lot::Mutex;
use qapi_core::{Error, Result};

use super::prepared_job::{JobTarget, PreparedJob};
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, OnError,
    RunFuture, copy,
};
use crate::blocking::blocking;
use crate::schema::block_job::{BlockJobChange, MirrorCopyMode};
use follower::Follower;

/// The least unit in which a mirror keeps account unless a client says otherwise.
const GRANULARITY_MIN: u64 = 4096;
/// The unit for targets without clusters, and the largest for those with.
const GRANULARITY_DEFAULT: u64 = 64 * 1024;

/// A mirror to be made.
pub(super) struct MirrorOptions {
    /// What the engine is to know.
    pub(super) job: JobOptions,
    /// The node to copy from.
    pub(super) source: Arc<Node>,
    /// The node to copy to.
    pub(super) target: JobTarget,
    /// What is copied besides what is written from now on.
    pub(super) scope: MirrorScope,
    /// The bytes in which account is kept; nothing leaves it to the job.
    pub(super) granularity: Option<u64>,
    /// How writes to the source are followed.
    pub(super) copy_mode: MirrorCopyMode,
    /// What to do about errors.
    pub(super) on_error: OnError,
    /// The name of the node that stands for the job in the graph.
    pub(super) filter_node_name: Option<String>,
    /// How the job uses its nodes, but for the filter.
    pub(super) uses: Vec<NodeUse>,
    /// The target, if it was made writable for the job. It stays so if the job succeeds.
    pub(super) writable: Option<WritableGuard>,
    /// What the target stands on in the end.
    pub(super) backing: FinalBacking,
}

/// What the target of a mirror stands on when that has succeeded.
#[derive(Debug)]
pub(super) enum FinalBacking {
    /// What it stood on before.
    Kept,
    /// What its image names as its backing file, which is opened then.
    Named,
    /// This node, which its image names.
    Node(Arc<Node>),
}

/// What a mirror copies besides what is written from now on.
#[derive(Debug)]
pub(super) enum MirrorScope {
    /// Everything.
    Full,
    /// Everything, onto a target that is new and shows zeroes.
    OntoZeroes,
    /// What the topmost image holds.
    Top,
    /// What is held above the target, which becomes as large as the source first.
    AboveTarget,
    /// Nothing.
    None,
}

/// Makes a mirror, yet to be started.
///
/// # Errors
/// The name of the filter is taken or malformed; the identifier is; other users of the nodes do
/// not allow it.
pub(super) fn create(context: &BlockJobContext, options: MirrorOptions) -> Result<PreparedJob> {
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
    let write_blocking = options.copy_mode == MirrorCopyMode::WriteBlocking;
    let follower = Follower::new(Arc::clone(&bitmap), Arc::clone(&target), write_blocking);
    let copier = Copier::new(Arc::clone(&source), Arc::clone(&target), context.slots.clone())?;
    let work = Mirror {
        copier: copier.in_units_of(granularity),
        bitmap,
        follower: Arc::new(follower),
        graph: graph.clone(),
        source,
        target,
        scope,
        on_error,
        should_complete: AtomicBool::new(false),
        held_off: Mutex::new(None),
        filter: Mutex::new(Some(filter)),
        writable: Mutex::new(options.writable),
        backing: options.backing,
    };
    let driver = BlockJob::new(work, context.events.clone());
    // What is refused from here on, clients have seen created.
    let created = context.jobs.create(options.job, driver, None)?;
    let (opened, made) = options.target.into_parts();
    let prepared = PreparedJob::new(created, made);
    block_job::reserve_with_opened(prepared.job(), graph, uses, opened)?;
    Ok(prepared)
}

/// The unit in which account is kept. Where an image below the target has the rest of a cluster,
/// clusters are copied whole.
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
    follower: Arc<Follower>,
    graph: Graph,
    source: Arc<Node>,
    target: Arc<Node>,
    scope: MirrorScope,
    on_error: OnError,
    /// Whether the target is to take the place of the source as soon as they are the same.
    should_complete: AtomicBool,
    /// Keeps writers off from the moment at which the nodes are the same until it is settled who
    /// they write to.
    held_off: Mutex<Option<Quiesced>>,
    /// Stands for the job in the graph.
    filter: Mutex<Option<Filter>>,
    /// The target, if it refuses writes again should the job fail.
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

    /// A mirror that is ready just ends with what it has, unless it is to end by force.
    fn cancel(&self, job: &JobHandle, force: bool) -> bool {
        force || !job.is_ready()
    }

    fn change(&self, options: &BlockJobChange) -> Result<()> {
        match self.scope {
            MirrorScope::Full
            | MirrorScope::OntoZeroes
            | MirrorScope::Top
            | MirrorScope::None => {}
            // It is a commit for clients, and those have nothing to change.
            MirrorScope::AboveTarget => return Err(job::cannot_change()),
        }
        // A change for another kind of job is taken as if it said the first mode there is.
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
                return Err(Error::generic(format!(
                    "Change to copy mode '{}' is not implemented",
                    wanted.as_str()
                )));
            }
        }
        Ok(())
    }

    fn actively_synced(&self) -> bool {
        self.follower.is_synced()
    }

    /// Has the users of the source use the target, and lets them go on.
    fn prepare(&self) -> Result<()> {
        let held_off = self.held_off.lock().take();
        self.settle_backing()?;
        match held_off {
            Some(source) if self.should_complete.load(Ordering::Relaxed) => {
                self.take_over_mode();
                self.graph.replace(&source, &self.target)?;
            }
            Some(_) | None => {}
        }
        if let Some(writable) = self.writable.lock().take() {
            writable.keep();
        }
        Ok(())
    }

    fn prepare_blocks(&self) -> bool {
        let is_completed = self.should_complete.load(Ordering::Relaxed);
        is_completed || !matches!(self.backing, FinalBacking::Kept)
    }

    fn clean(&self, drops: &mut DeferredDrops) {
        drops.filter(self.filter.lock().take());
        drops.writable(self.writable.lock().take());
    }
}

impl Mirror {
    /// Has the target stand on what it is to stand on in the end. Clients are told no more about an
    /// error than QEMU tells them.
    fn settle_backing(&self) -> Result<()> {
        let (settled, told) = match &self.backing {
            FinalBacking::Kept => return Ok(()),
            FinalBacking::Named => (self.graph.open_backing(&self.target), Errno::EINVAL),
            FinalBacking::Node(node) => {
                let change = BackingChange { node: Some(Arc::clone(node)), name: None };
                (self.graph.change_backing(&self.target, change), Errno::EPERM)
            }
        };
        settled.map_err(|error| {
            tracing::warn!(node = %self.target.name(), %error, "the target lacks its backing node");
            block::error::Error::Io(told.into()).into()
        })
    }

    /// Has the target refuse writes if the source does, which it stands for from now on.
    fn take_over_mode(&self) {
        let read_only = self.source.is_read_only();
        if self.target.is_read_only() != read_only
            && let Err(error) = self.graph.set_read_only(&self.target, read_only)
        {
            tracing::warn!(node = %self.target.name(), %error, "the target stays as it was");
        }
    }

    async fn mirror(&self, job: BlockJobHandle<'_>) -> Result<()> {
        self.fit_target().await?;
        self.source.quiesce().await.watch(&self.follower);
        self.find_dirty(job).await?;
        loop {
            copy::follow(job, &self.copier, &self.bitmap, self.on_error).await?;
            if !job.is_ready() {
                if !self.flush(job).await? {
                    job.sleep(RETRY_DELAY).await?;
                    continue;
                }
                if self.bitmap.length() == 0 {
                    self.follower.note_synced();
                }
                job.ready();
            }
            if self.follower.is_write_blocking() && self.bitmap.is_clean() {
                self.follower.note_synced();
            }
            if self.is_to_end(job) {
                if self.hold_off(job).await? {
                    return Ok(());
                }
                continue;
            }
            tokio::select! {
                woken = job.idle() => woken?,
                () = self.bitmap.marked() => job.pause_point().await?,
            }
        }
    }

    /// Sees to it that the target is as large as the source.
    async fn fit_target(&self) -> Result<()> {
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
                    return Err(Error::generic("Source and target image have different sizes"));
                }
            }
        }
        Ok(())
    }

    /// Notes what is to be copied at first.
    async fn find_dirty(&self, job: BlockJobHandle<'_>) -> Result<()> {
        let images: Vec<Arc<Node>> = match self.scope {
            MirrorScope::None => return Ok(()),
            // A target that gives up space where it is made zero is made so, and the rest copied.
            MirrorScope::Full if self.target.discard() == Discard::Unmap => {
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
        copy::find(job, &self.bitmap, &images).await
    }

    async fn clear_target(&self) -> Result<()> {
        let (target, length) = (Arc::clone(&self.target), self.bitmap.length());
        blocking(move || clear(&target, 0, length)).await
    }

    /// Whether the job has been told to end, which a mirror that is ready does without error.
    fn is_to_end(&self, job: BlockJobHandle<'_>) -> bool {
        self.should_complete.load(Ordering::Relaxed) || job.cancel_requested()
    }

    /// Keeps writers off the source if the target has all that they have written. The target's
    /// data are then made last.
    async fn hold_off(&self, job: BlockJobHandle<'_>) -> Result<bool> {
        let quiesced = self.source.quiesce().await;
        if !self.bitmap.is_clean() {
            return Ok(false);
        }
        if self.flush(job).await? {
            *self.held_off.lock() = Some(quiesced);
            return Ok(true);
        }
        drop(quiesced);
        job.sleep(RETRY_DELAY).await?;
        Ok(false)
    }

    /// Makes last what the target has been given, or tells that it has to be tried again.
    async fn flush(&self, job: BlockJobHandle<'_>) -> Result<bool> {
        let tried = block_job::try_flush(job, &self.target, self.on_error).await?;
        Ok(tried.is_none())
    }
}
