//! `commit`: merges images into an image below them.
//!
//! This file merges images that have no writers. The active layer may be written to while it is
//! merged, so that its commit is a mirror: see [`commit_active`].

use std::sync::Arc;

use block::copy::{CopySlots, STEP_MAX, SequentialCopy, Side, Step, StepError};
use block::error::Error;
use block::image::aligned_buffer::AlignedBuffer;
use block::nodes::backing::Allocation;
use block::nodes::backing::{self, BackingChange};
use block::nodes::{
    Driver, Filter, FilterOptions, Graph, Node, NodeUse, Operation, Reservation, WritableGuard,
};
use job::JobType;
use parking_lot::Mutex;
use qapi_core::Result;

use super::commit_active::{self, ActiveCommit};
use super::prepare::{JobArguments, PreparedJob};
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, OnError,
    RunFuture, copy,
};
use crate::blocking::blocking;
use crate::messages;

/// The arguments of `block-commit`.
#[derive(Debug)]
pub struct CommitOptions {
    /// The arguments of every block job.
    pub job: JobArguments,
    /// The topmost node of the chain.
    pub device: String,
    /// The node to copy into; the lowest node of the chain by default.
    pub base_node: Option<String>,
    /// The node to copy into, by the filename of its image.
    pub base: Option<String>,
    /// The uppermost node to copy from; `device` by default.
    pub top_node: Option<String>,
    /// The uppermost node to copy from, by the filename of its image.
    pub top: Option<String>,
    /// The name of the backing file to write to the image above `top`; the filename of the base by
    /// default.
    pub backing_file: Option<String>,
    /// Whether to write `raw` as the backing format for a base without a format.
    pub backing_mask_protocol: bool,
    /// The policy for errors.
    pub on_error: OnError,
    /// The name of the job's filter node.
    pub filter_node_name: Option<String>,
}

/// The largest number of bytes that a step has in memory. More bytes would not stay in the cache of
/// a processor between the read and the write.
const PIECE_MAX: u64 = 256 << 10;

/// Checks the arguments, reserves the nodes and starts the job.
///
/// # Errors
/// A node does not exist, is not in the chain or is in use; options contradict each other; the
/// identifier is malformed or in use.
pub async fn start(context: &BlockJobContext, options: CommitOptions) -> Result<()> {
    let context = context.clone();
    let prepared = blocking(move || {
        let _lock = context.graph.lock_reopen();
        prepare(&context, options)
    });
    prepared.await?.start();
    Ok(())
}

/// Creates the job. Blocks.
fn prepare(context: &BlockJobContext, options: CommitOptions) -> Result<PreparedJob> {
    let BlockJobContext { jobs, graph, slots, events } = context;
    let chain = Chain::find(graph, &options)?;
    if chain.is_active {
        return prepare_active(context, chain, options);
    }
    let Chain { device, top, base, between, .. } = chain;

    let length = top.size()?;
    let uses: Vec<NodeUse> = std::iter::once(NodeUse::commit_device(device))
        .chain(between.iter().map(|node| NodeUse::committed(Arc::clone(node))))
        .chain([NodeUse::commit_base(Arc::clone(&base)), NodeUse::read_through(Arc::clone(&top))])
        .collect();
    let base_use = NodeUse::written(Arc::clone(&base)).growing_to(&top)?;
    let images = between.into_iter().filter(|node| !node.driver().is_filter()).collect();
    let reserved = Arc::new(ReservedNodes::default());
    let driver = Commit {
        graph: graph.clone(),
        slots: slots.clone(),
        images: Arc::new(Images { top: Arc::clone(&top), between: images, base, length }),
        reserved: Arc::clone(&reserved),
        backing_file: options.backing_file,
        backing_mask_protocol: options.backing_mask_protocol,
        on_error: options.on_error,
    };
    let base = Arc::clone(&driver.images.base);
    let driver = BlockJob::new(driver, events.clone());
    let job = options.job.create(jobs, JobType::Commit, driver, None)?;
    *reserved.writable.lock() = graph.make_writable(&base)?;
    let filter = FilterOptions {
        driver: Driver::CommitTop,
        name: options.filter_node_name,
        target: None,
        merges: true,
    };
    *reserved.filter.lock() = Some(graph.insert_filter(&top, filter)?);
    block_job::reserve(&job, graph, uses)?;
    let id = job.job().id().unwrap_or_default();
    let base = graph.reserve(JobType::Commit.as_str(), id, [base_use])?;
    *reserved.base.lock() = Some(base);
    Ok(PreparedJob::new(job, None))
}

/// The nodes that a commit concerns.
struct Chain {
    device: Arc<Node>,
    top: Arc<Node>,
    base: Arc<Node>,
    /// The nodes to merge, from `top` downwards.
    between: Vec<Arc<Node>>,
    /// Whether the active layer is among the nodes to merge.
    is_active: bool,
}

impl Chain {
    /// Finds the nodes in the graph as it is now, and checks that a commit may start.
    fn find(graph: &Graph, options: &CommitOptions) -> Result<Self> {
        let device = root(graph, &options.device)?;
        graph.check_free(&device, Operation::CommitSource)?;
        let top = top(graph, &device, options)?;
        let base = base(graph, &top, options)?;
        let between: Vec<Arc<Node>> =
            backing::chain(&top).take_while(|node| !Arc::ptr_eq(node, &base)).collect();
        for node in between.iter().chain([&base]) {
            graph.check_free(node, Operation::CommitTarget)?;
        }
        if between.is_empty() {
            return Err(messages::commit_into_itself());
        }
        let overlay = backing::overlay(&device, &top);
        match &overlay {
            Some(overlay) => graph.check_free(overlay, Operation::CommitTarget)?,
            None if options.backing_file.is_some() => {
                return Err(messages::backing_file_of_active_layer());
            }
            None => {}
        }
        Ok(Chain { device, top, base, between, is_active: overlay.is_none() })
    }
}

/// Creates the job that merges the active layer.
fn prepare_active(
    context: &BlockJobContext,
    chain: Chain,
    options: CommitOptions,
) -> Result<PreparedJob> {
    let Chain { top, base, .. } = chain;
    let writable = context.graph.make_writable(&base)?;
    let options = ActiveCommit {
        job: options.job,
        top,
        base,
        on_error: options.on_error,
        filter_node_name: options.filter_node_name,
        writable,
    };
    commit_active::prepare(context, options)
}

/// The node at the top of the chain.
fn root(graph: &Graph, name: &str) -> Result<Arc<Node>> {
    let node = graph.get(name).ok_or_else(|| messages::no_device(name))?;
    graph.check_root(&node)?;
    Ok(node)
}

fn top(graph: &Graph, device: &Arc<Node>, options: &CommitOptions) -> Result<Arc<Node>> {
    match (&options.top_node, &options.top) {
        (Some(_), Some(_)) => Err(messages::mutually_exclusive("top-node", "top")),
        (Some(name), None) => in_chain(graph, device, name),
        (None, Some(name)) if device.filename() == *name => Ok(Arc::clone(device)),
        (None, Some(name)) => backing::find_backing_image(device, name)
            .ok_or_else(|| messages::top_image_not_found(name)),
        (None, None) => Ok(Arc::clone(device)),
    }
}

fn base(graph: &Graph, top: &Arc<Node>, options: &CommitOptions) -> Result<Arc<Node>> {
    match (&options.base_node, &options.base) {
        (Some(_), Some(_)) => Err(messages::mutually_exclusive("base-node", "base")),
        (Some(name), None) => in_chain(graph, top, name),
        (None, Some(name)) => backing::find_backing_image(top, name)
            .ok_or_else(|| messages::not_in_backing_chain(name)),
        (None, None) => Ok(backing::chain(top).last().unwrap_or_else(|| Arc::clone(top))),
    }
}

fn in_chain(graph: &Graph, top: &Arc<Node>, name: &str) -> Result<Arc<Node>> {
    let node = graph.get(name).ok_or_else(|| Error::no_node(name))?;
    if !backing::chain_contains(top, &node) {
        return Err(messages::node_not_in_chain(name));
    }
    Ok(node)
}

struct Commit {
    graph: Graph,
    slots: CopySlots,
    images: Arc<Images>,
    reserved: Arc<ReservedNodes>,
    backing_file: Option<String>,
    backing_mask_protocol: bool,
    on_error: OnError,
}

/// The resources of the job in the graph. They are acquired after the job is created.
#[derive(Default)]
struct ReservedNodes {
    /// The permission to write to the base, until all data are written.
    base: Mutex<Option<Reservation>>,
    /// The filter node above `top`, until the job is cleaned up.
    filter: Mutex<Option<Filter>>,
    /// Makes a read-only base writable for the time of the job.
    writable: Mutex<Option<WritableGuard>>,
}

impl BlockJobDriver for Commit {
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        Box::pin(async move {
            let Images { base, length, .. } = &*self.images;
            job.set_remaining(*length);
            let (growing, length) = (Arc::clone(base), *length);
            blocking(move || growing.grow(length)).await?;
            copy::run_sequentially(job, &self.slots, &self.images, self.on_error).await?;
            copy::flush(job, base, self.on_error).await
        })
    }

    /// Makes the base the backing node of all nodes above the merged ones.
    fn prepare(&self) -> Result<()> {
        self.reserved.base.lock().take();
        let base = &self.images.base;
        let name = self.graph.backing_name(
            base,
            self.backing_file.as_deref(),
            self.backing_mask_protocol,
        );
        let filter = self.reserved.filter.lock();
        let filter = filter.as_ref().map(Filter::node);
        for overlay in filter.map_or_else(Vec::new, |filter| self.graph.overlays(filter)) {
            let change =
                BackingChange { node: Some(Arc::clone(base)), name: Some(Some(name.clone())) };
            self.graph.change_backing(&overlay, change)?;
        }
        Ok(())
    }

    fn prepare_blocks(&self) -> bool {
        true
    }

    fn clean(&self, drops: &mut DeferredDrops) {
        drops.reservations(self.reserved.base.lock().take());
        drops.filter(self.reserved.filter.lock().take());
        drops.writable(self.reserved.writable.lock().take());
    }
}

/// The images to merge, and the image to merge into.
struct Images {
    top: Arc<Node>,
    /// The nodes to merge, from `top` downwards.
    between: Vec<Arc<Node>>,
    base: Arc<Node>,
    /// The size of `top` in bytes.
    length: u64,
}

impl SequentialCopy for Images {
    const SKIPS_IGNORED_ERRORS: bool = false;

    fn length(&self) -> u64 {
        self.length
    }

    fn step(
        &self,
        offset: u64,
        data: &mut AlignedBuffer,
    ) -> std::result::Result<Step, StepError> {
        let rest = self.length - offset;
        let most = STEP_MAX.min(rest);
        let failed = |side| move |error| StepError { length: most, side, error };
        let Allocation { allocated: copied, length: known } =
            backing::allocation(&self.between, offset, rest).map_err(failed(Side::Source))?;
        if !copied {
            return Ok(Step { length: known, copied });
        }
        let known = known.min(most);
        let status = self.top.block_status(offset, known).map_err(failed(Side::Source))?;
        let length = status.length.clamp(1, known);
        if status.zero {
            self.base.write_zeroes(offset, length).map_err(failed(Side::Target))?;
        } else {
            let end = offset + length;
            let mut at = offset;
            while at < end {
                let piece = (end - at).min(PIECE_MAX);
                data.resize(piece as usize)
                    .map_err(|error| failed(Side::Source)(error.into()))?;
                self.top.read(at, data).map_err(failed(Side::Source))?;
                self.base.write(at, data).map_err(failed(Side::Target))?;
                at += piece;
            }
        }
        Ok(Step { length, copied })
    }
}
