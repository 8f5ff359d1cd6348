//! `stream`: copies into an image what it shows of those below, until it does not need them.

use std::sync::Arc;

use block::copy::{CopySlots, Side};
use block::nodes::backing::{self, BackingChange};
use block::nodes::{
    BackingLink, Driver, Filter, FilterOptions, Graph, Node, NodeUse, Operation, WritableGuard,
};
use job::{JobOptions, JobStatus, JobType};
use parking_lot::Mutex;
use qapi_core::{Error, Result};

use super::prepared_job::{PreparedJob, cannot_create_node};
use crate::block_job::sequential::{STEP_MAX, SequentialJob, Step, StepError, run_sequentially};
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, RunFuture,
};
use crate::blocking::blocking;
use crate::schema::block_job::BlockdevOnError;

/// What a client asks for.
pub struct StreamOptions {
    /// The job's identifier.
    pub job_id: Option<String>,
    /// The node to copy into.
    pub device: String,
    /// The node that it is to keep as backing node, by the name of its image.
    pub base: Option<String>,
    /// The same by node name.
    pub base_node: Option<String>,
    /// What the image is to name as its backing file, rather than the base as it is called here.
    pub backing_file: Option<String>,
    /// Whether the format of a base without format is named `raw`.
    pub backing_mask_protocol: bool,
    /// The last node to copy from, instead of a base.
    pub bottom: Option<String>,
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

/// Checks what is asked for, reserves the nodes and starts the job.
///
/// # Errors
/// A node does not exist, is not in the chain or is in use; options contradict each other; the
/// identifier is malformed or in use.
pub async fn start(context: &BlockJobContext, options: StreamOptions) -> Result<()> {
    let context = context.clone();
    let made = blocking(move || {
        let _alone = context.graph.lock_reopen();
        create(&context, options)
    });
    let (prepared, is_copying) = made.await?;
    let job = prepared.start();
    // A stream with nothing to copy is over before its client has the reply.
    if !is_copying {
        while job.status() == JobStatus::Running {
            tokio::task::yield_now().await;
        }
        job.at_rest().await;
    }
    Ok(())
}

/// Makes the job, and tells whether there is anything to copy. Blocks.
fn create(context: &BlockJobContext, options: StreamOptions) -> Result<(PreparedJob, bool)> {
    let BlockJobContext { jobs, graph, slots, events } = context;
    check_alternatives(&options)?;
    let Chain { top, above_base, below } = Chain::find(graph, &options)?;
    let writable = graph.make_writable(&top)?;
    let mut uses = uses(&top, &below);
    let filter = FilterOptions {
        driver: Driver::CopyOnRead,
        name: options.filter_node_name,
        target: None,
        merges: false,
    };
    let filter = graph.insert_filter(&top, filter).map_err(cannot_create_node)?;
    uses.insert(0, NodeUse::filter(Arc::clone(filter.node())));
    uses.insert(1, NodeUse::stream_filter(Arc::clone(filter.node())));
    let is_copying = !below.is_empty();
    let below = below.into_iter().filter(|node| !node.driver().is_filter()).collect();
    let pieces = Arc::new(Pieces { length: top.size()?, top, below });
    let work = Stream {
        graph: graph.clone(),
        slots: slots.clone(),
        pieces,
        above_base,
        backing_file: options.backing_file,
        backing_mask_protocol: options.backing_mask_protocol,
        on_error: options.on_error,
        filter: Mutex::new(Some(filter)),
        writable: Mutex::new(writable),
    };
    let job_options = JobOptions::new(JobType::Stream)
        .id(options.job_id.unwrap_or_default())
        .speed(options.speed)
        .auto_finalize(options.auto_finalize)
        .auto_dismiss(options.auto_dismiss);
    let job = jobs.create(job_options, BlockJob::new(work, events.clone()), None)?;
    block_job::reserve(&job, graph, uses)?;
    Ok((PreparedJob::new(job, None), is_copying))
}

/// The nodes that a stream is about.
struct Chain {
    top: Arc<Node>,
    above_base: Arc<Node>,
    /// The nodes that are copied from.
    below: Vec<Arc<Node>>,
}

impl Chain {
    /// Finds the nodes as they are at the moment, and whether a stream may begin.
    fn find(graph: &Graph, options: &StreamOptions) -> Result<Self> {
        let top = graph
            .get(&options.device)
            .ok_or_else(|| block::error::Error::no_device_or_node(&options.device))?;
        let above_base = above_base(graph, &top, options)?;
        let below = below(&top, &above_base);
        for node in std::iter::once(&top).chain(&below) {
            graph.check_free(node, Operation::Stream)?;
        }
        let has_base = options.base.is_some() || options.base_node.is_some();
        if options.backing_file.is_some() && !has_base {
            return Err(Error::generic("backing file specified, but streaming the entire chain"));
        }
        Ok(Chain { top, above_base, below })
    }
}

fn check_alternatives(options: &StreamOptions) -> Result<()> {
    let given = [
        ("base", options.base.is_some(), "base-node", options.base_node.is_some()),
        ("base", options.base.is_some(), "bottom", options.bottom.is_some()),
        ("bottom", options.bottom.is_some(), "base-node", options.base_node.is_some()),
    ];
    for (one, is_one, other, is_other) in given {
        if is_one && is_other {
            return Err(Error::generic(format!(
                "'{one}' and '{other}' cannot be specified at the same time"
            )));
        }
    }
    Ok(())
}

/// The last node that is kept or copied from: what is below it is the base, if there is one.
fn above_base(graph: &Graph, top: &Arc<Node>, options: &StreamOptions) -> Result<Arc<Node>> {
    let named = |name: &str| graph.get(name).ok_or_else(|| block::error::Error::no_node(name));
    let base = if let Some(base) = &options.base {
        let found = backing::find_backing_image(top, base);
        found
            .ok_or_else(|| Error::generic(format!("Can't find '{base}' in the backing chain")))?
    } else if let Some(base) = &options.base_node {
        let node = named(base)?;
        if Arc::ptr_eq(top, &node) || !backing::chain_contains(top, &node) {
            return Err(Error::generic(format!(
                "Node '{base}' is not a backing image of '{}'",
                options.device
            )));
        }
        node
    } else if let Some(bottom) = &options.bottom {
        let node = named(bottom)?;
        if node.driver().is_filter() {
            return Err(Error::generic(format!(
                "Node '{bottom}' is a filter, use a non-filter node as 'bottom'"
            )));
        }
        if !backing::chain_contains(top, &node) {
            return Err(Error::generic(format!(
                "Node '{bottom}' is not in a chain starting from '{}'",
                options.device
            )));
        }
        return Ok(node);
    } else {
        return Ok(backing::chain(top).last().unwrap_or_else(|| Arc::clone(top)));
    };
    Ok(backing::above(top, &base).unwrap_or_else(|| Arc::clone(top)))
}

/// The nodes below `top` that are copied from, from the nearest on.
fn below(top: &Arc<Node>, above_base: &Arc<Node>) -> Vec<Arc<Node>> {
    let mut nodes = Vec::new();
    for node in backing::chain(top) {
        let is_last = Arc::ptr_eq(&node, above_base);
        if !Arc::ptr_eq(&node, top) {
            nodes.push(node);
        }
        if is_last {
            break;
        }
    }
    nodes
}

/// What the job takes of the nodes. All but the last keep their places in the chain.
fn uses(top: &Arc<Node>, below: &[Arc<Node>]) -> Vec<NodeUse> {
    let mut uses = vec![NodeUse::stream_target(Arc::clone(top))];
    uses.extend(below.iter().map(|node| NodeUse::streamed(Arc::clone(node))));
    let last = below.len();
    for used in &mut uses[..last] {
        used.link = BackingLink::Frozen;
    }
    uses
}

struct Stream {
    graph: Graph,
    slots: CopySlots,
    pieces: Arc<Pieces>,
    above_base: Arc<Node>,
    backing_file: Option<String>,
    backing_mask_protocol: bool,
    on_error: BlockdevOnError,
    /// Stands for the job in the graph.
    filter: Mutex<Option<Filter>>,
    /// The node that is copied into, if it is writable for this job alone.
    writable: Mutex<Option<WritableGuard>>,
}

impl BlockJobDriver for Stream {
    /// As with QEMU, whose other jobs let go of their nodes when they are over.
    fn reserves_until_dismissed(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        Box::pin(async move {
            if self.pieces.below.is_empty() {
                return Ok(());
            }
            run_sequentially(job, &self.slots, &self.pieces, self.pieces.length, self.on_error)
                .await?;
            block_job::flush(job, &self.pieces.top, self.on_error).await
        })
    }

    /// Puts the base in the place of the nodes that were copied from, here and in the image.
    fn prepare(&self) -> Result<()> {
        let top = &self.pieces.top;
        if top.backing().is_none() {
            return Ok(());
        }
        let base = self.above_base.backing();
        let name = base.as_ref().map(|base| {
            self.graph.backing_name(
                base,
                self.backing_file.as_deref(),
                self.backing_mask_protocol,
            )
        });
        let change = BackingChange { node: base, name: Some(name) };
        Ok(self.graph.change_backing(top, change)?)
    }

    fn prepare_blocks(&self) -> bool {
        self.pieces.top.backing().is_some()
    }

    fn clean(&self, drops: &mut DeferredDrops) {
        drops.filter(self.filter.lock().take());
        drops.writable(self.writable.lock().take());
    }
}

/// What is copied from where.
struct Pieces {
    top: Arc<Node>,
    below: Vec<Arc<Node>>,
    length: u64,
}

impl SequentialJob for Pieces {
    const SKIPS_IGNORED: bool = true;

    fn step(&self, offset: u64) -> std::result::Result<Step, StepError> {
        let cluster = self.top.cluster_size().unwrap_or(1);
        let most = STEP_MAX.max(cluster).min(self.length - offset);
        // Clients are told of reading, whatever failed.
        let failed = |length| move |error| StepError { length, side: Side::Source, error };
        let own = self.top.block_status(offset, most).map_err(failed(most))?;
        if own.allocated {
            return Ok(Step { length: own.length, copied: false });
        }
        let (to_copy, known) =
            backing::is_allocated_in(&self.below, offset, own.length).map_err(failed(most))?;
        let (length, to_copy) = self.whole_clusters(offset, known, cluster, to_copy);
        if to_copy {
            self.top.copy_on_read(offset, length).map_err(failed(length))?;
        }
        Ok(Step { length, copied: to_copy })
    }
}

impl Pieces {
    /// What is copied are whole clusters of the image that is copied into. One that is to be
    /// copied in part is copied as a whole, which shows the same.
    fn whole_clusters(
        &self,
        offset: u64,
        known: u64,
        cluster: u64,
        to_copy: bool,
    ) -> (u64, bool) {
        let rest = self.length - offset;
        if known >= rest {
            return (rest, to_copy);
        }
        match known - known % cluster {
            whole if whole > 0 && !to_copy => (whole, false),
            _part => (known.next_multiple_of(cluster).min(rest), true),
        }
    }
}
