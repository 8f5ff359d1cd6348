//! `commit`: merges images into one below them.
//!
//! Where the topmost image of a chain is among them, more may be written to it meanwhile, which is
//! a matter of its own. All others stand still, and are copied here.

use std::sync::Arc;

use block::copy::{CopySlots, Side};
use block::nodes::backing::{self, BackingChange};
use block::nodes::{
    Driver, Filter, FilterOptions, Graph, Node, NodeUse, Operation, Reservation, WritableGuard,
};
use job::{JobOptions, JobType};
use parking_lot::Mutex;
use qapi_core::{Error, ErrorClass, Result};

use super::commit_active::{self, ActiveCommit};
use super::prepared_job::PreparedJob;
use crate::block_job::sequential::{STEP_MAX, SequentialJob, Step, StepError, run_sequentially};
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, RunFuture,
};
use crate::blocking::blocking;
use crate::schema::block_job::BlockdevOnError;

/// What a client asks for.
pub struct CommitOptions {
    /// The job's identifier.
    pub job_id: String,
    /// The topmost node of the chain.
    pub device: String,
    /// The node to copy into.
    pub base_node: Option<String>,
    /// The same, by the name of its image.
    pub base: Option<String>,
    /// The uppermost node to copy from.
    pub top_node: Option<String>,
    /// The same, by the name of its image.
    pub top: Option<String>,
    /// What the image above is to name as its backing file, rather than the base as it is called
    /// here.
    pub backing_file: Option<String>,
    /// Whether the format of a base without format is named `raw`.
    pub backing_mask_protocol: bool,
    /// The limit of the rate, in bytes a second; 0 is none.
    pub speed: i64,
    /// What to do when a node cannot be read or written.
    pub on_error: BlockdevOnError,
    /// The name of the node that stands for the job in the graph.
    pub filter_node_name: Option<String>,
    /// Whether the job finalizes itself.
    pub auto_finalize: bool,
    /// Whether the job dismisses itself.
    pub auto_dismiss: bool,
}

impl CommitOptions {
    /// What the engine is to know.
    fn job(&self) -> JobOptions {
        JobOptions::new(JobType::Commit)
            .id(self.job_id.as_str())
            .speed(self.speed)
            .auto_finalize(self.auto_finalize)
            .auto_dismiss(self.auto_dismiss)
    }
}

/// Checks what is asked for, reserves the nodes and starts the job.
///
/// # Errors
/// A node does not exist, is not in the chain or is in use; options contradict each other; the
/// identifier is malformed or in use.
pub async fn start(context: &BlockJobContext, options: CommitOptions) -> Result<()> {
    let context = context.clone();
    let made = blocking(move || {
        let _alone = context.graph.lock_reopen();
        create(&context, options)
    });
    made.await?.start();
    Ok(())
}

/// Makes the job. Blocks.
fn create(context: &BlockJobContext, options: CommitOptions) -> Result<PreparedJob> {
    let BlockJobContext { jobs, graph, slots, events } = context;
    let chain = Chain::find(graph, &options)?;
    if chain.is_active {
        return create_active(context, chain, options);
    }
    let Chain { device, top, base, between, .. } = chain;

    let length = top.size()?;
    let grows = base.size()? < length;
    let uses: Vec<NodeUse> = std::iter::once(NodeUse::commit_device(device))
        .chain(between.iter().map(|node| NodeUse::committed(Arc::clone(node))))
        .chain([NodeUse::commit_base(Arc::clone(&base)), NodeUse::read_through(Arc::clone(&top))])
        .collect();
    let written = NodeUse::written(Arc::clone(&base), grows);
    let writing = Arc::new(Mutex::new(None));
    let filter = Arc::new(Mutex::new(None));
    let writable = Arc::new(Mutex::new(None));
    let job_options = options.job();
    let images = between.into_iter().filter(|node| !node.driver().is_filter()).collect();
    let work = Commit {
        graph: graph.clone(),
        slots: slots.clone(),
        pieces: Arc::new(Pieces {
            top: Arc::clone(&top),
            between: images,
            base: Arc::clone(&base),
            length,
        }),
        writing: Arc::clone(&writing),
        filter: Arc::clone(&filter),
        writable: Arc::clone(&writable),
        backing_file: options.backing_file.clone(),
        backing_mask_protocol: options.backing_mask_protocol,
        on_error: options.on_error,
    };
    let job = jobs.create(job_options, BlockJob::new(work, events.clone()), None)?;
    *writable.lock() = graph.make_writable(&base)?;
    let stands_for_job = FilterOptions {
        driver: Driver::CommitTop,
        name: options.filter_node_name.clone(),
        target: None,
        merges: true,
    };
    *filter.lock() = Some(graph.insert_filter(&top, stands_for_job)?);
    block_job::reserve(&job, graph, uses)?;
    let id = job.job().id().unwrap_or_default();
    *writing.lock() = Some(graph.reserve(JobType::Commit.as_str(), id, [written])?);
    Ok(PreparedJob::new(job, None))
}

/// The nodes that a commit is about.
struct Chain {
    device: Arc<Node>,
    top: Arc<Node>,
    base: Arc<Node>,
    /// The nodes that are merged, from `top` on.
    between: Vec<Arc<Node>>,
    /// Whether the topmost image is among them.
    is_active: bool,
}

impl Chain {
    /// Finds the nodes as they are at the moment, and whether a commit may begin.
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
            return Err(Error::generic("cannot commit an image into itself"));
        }
        let overlay = backing::overlay(&device, &top);
        match &overlay {
            Some(overlay) => graph.check_free(overlay, Operation::CommitTarget)?,
            None if options.backing_file.is_some() => {
                return Err(Error::generic(
                    "'backing-file' specified, but 'top' is the active layer",
                ));
            }
            None => {}
        }
        Ok(Chain { device, top, base, between, is_active: overlay.is_none() })
    }
}

/// Makes the job that merges the topmost image.
fn create_active(
    context: &BlockJobContext,
    chain: Chain,
    options: CommitOptions,
) -> Result<PreparedJob> {
    let job = options.job();
    let Chain { top, base, .. } = chain;
    let writable = context.graph.make_writable(&base)?;
    let options = ActiveCommit {
        job,
        top,
        base,
        on_error: options.on_error,
        filter_node_name: options.filter_node_name,
        writable,
    };
    commit_active::create(context, options)
}

/// The node at the top of the chain.
fn root(graph: &Graph, name: &str) -> Result<Arc<Node>> {
    let node = graph.get(name).ok_or_else(|| {
        Error::with_class(ErrorClass::DeviceNotFound, format!("Device '{name}' not found"))
    })?;
    graph.check_root(&node)?;
    Ok(node)
}

fn top(graph: &Graph, device: &Arc<Node>, options: &CommitOptions) -> Result<Arc<Node>> {
    match (&options.top_node, &options.top) {
        (Some(_), Some(_)) => Err(Error::generic("'top-node' and 'top' are mutually exclusive")),
        (Some(name), None) => in_chain(graph, device, name),
        (None, Some(name)) if graph.filename(device) == *name => Ok(Arc::clone(device)),
        (None, Some(name)) => backing::find_backing_image(device, name)
            .ok_or_else(|| Error::generic(format!("Top image file {name} not found"))),
        (None, None) => Ok(Arc::clone(device)),
    }
}

fn base(graph: &Graph, top: &Arc<Node>, options: &CommitOptions) -> Result<Arc<Node>> {
    match (&options.base_node, &options.base) {
        (Some(_), Some(_)) => {
            Err(Error::generic("'base-node' and 'base' are mutually exclusive"))
        }
        (Some(name), None) => in_chain(graph, top, name),
        (None, Some(name)) => backing::find_backing_image(top, name)
            .ok_or_else(|| Error::generic(format!("Can't find '{name}' in the backing chain"))),
        (None, None) => Ok(backing::chain(top).last().unwrap_or_else(|| Arc::clone(top))),
    }
}

fn in_chain(graph: &Graph, top: &Arc<Node>, name: &str) -> Result<Arc<Node>> {
    let node = graph.get(name).ok_or_else(|| block::error::Error::no_node(name))?;
    if !backing::chain_contains(top, &node) {
        return Err(Error::generic(format!("'{name}' is not in this backing file chain")));
    }
    Ok(node)
}

struct Commit {
    graph: Graph,
    slots: CopySlots,
    pieces: Arc<Pieces>,
    /// The right to write to the base, until everything is written.
    writing: Arc<Mutex<Option<Reservation>>>,
    /// Stands for the job in the graph.
    filter: Arc<Mutex<Option<Filter>>>,
    /// The base, if it is writable for this job alone.
    writable: Arc<Mutex<Option<WritableGuard>>>,
    backing_file: Option<String>,
    backing_mask_protocol: bool,
    on_error: BlockdevOnError,
}

impl BlockJobDriver for Commit {
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        Box::pin(async move {
            let Pieces { base, length, .. } = &*self.pieces;
            job.set_remaining(*length);
            let (growing, length) = (Arc::clone(base), *length);
            blocking(move || growing.grow(length)).await?;
            run_sequentially(job, &self.slots, &self.pieces, length, self.on_error).await?;
            block_job::flush(job, base, self.on_error).await
        })
    }

    /// Puts the base in the place of the nodes that were merged, for all nodes above.
    fn prepare(&self) -> Result<()> {
        self.writing.lock().take();
        let Pieces { base, .. } = &*self.pieces;
        let name = self.graph.backing_name(
            base,
            self.backing_file.as_deref(),
            self.backing_mask_protocol,
        );
        let filter = self.filter.lock();
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
        drops.nodes(self.writing.lock().take());
        drops.filter(self.filter.lock().take());
        drops.writable(self.writable.lock().take());
    }
}

/// What is copied from where.
struct Pieces {
    top: Arc<Node>,
    /// The nodes that are merged, from `top` on.
    between: Vec<Arc<Node>>,
    base: Arc<Node>,
    length: u64,
}

impl SequentialJob for Pieces {
    const SKIPS_IGNORED: bool = false;

    fn step(&self, offset: u64) -> std::result::Result<Step, StepError> {
        let most = STEP_MAX.min(self.length - offset);
        let failed = |side| move |error| StepError { length: most, side, error };
        let (copied, known) = backing::is_allocated_in(&self.between, offset, most)
            .map_err(failed(Side::Source))?;
        if !copied {
            return Ok(Step { length: known, copied });
        }
        let shown = self.top.block_status(offset, known).map_err(failed(Side::Source))?;
        let length = shown.length.clamp(1, known);
        if shown.zero {
            self.base.write_zeroes(offset, length).map_err(failed(Side::Target))?;
        } else {
            let mut data = vec![0; length as usize];
            self.top.read(offset, &mut data).map_err(failed(Side::Source))?;
            self.base.write(offset, &data).map_err(failed(Side::Target))?;
        }
        Ok(Step { length, copied })
    }
}
