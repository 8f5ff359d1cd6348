//! `stream`: copies data from backing images into the image above them. Afterwards, the image no
//! longer needs these backing images.

use std::sync::Arc;

use block::copy::{CopySlots, STEP_MAX, SequentialCopy, Side, Step, StepError};
use block::error::Error;
use block::image::aligned_buffer::AlignedBuffer;
use block::nodes::backing::Allocation;
use block::nodes::backing::{self, BackingChange};
use block::nodes::{
    BackingLink, Driver, Filter, FilterOptions, Graph, Node, NodeUse, Operation, WritableGuard,
};
use job::{JobStatus, JobType};
use parking_lot::Mutex;
use qapi_core::Result;

use super::prepare::{JobArguments, PreparedJob};
use crate::block_job::{
    self, BlockJob, BlockJobContext, BlockJobDriver, BlockJobHandle, DeferredDrops, OnError,
    RunFuture, copy,
};
use crate::blocking::blocking;
use crate::messages;

/// The arguments of `block-stream`.
#[derive(Debug)]
pub struct StreamOptions {
    /// The arguments of every block job.
    pub job: JobArguments,
    /// The node to copy into.
    pub device: String,
    /// The filename of the base image. The base becomes the backing node of `device`.
    pub base: Option<String>,
    /// The node name of the base.
    pub base_node: Option<String>,
    /// The lowest node to copy from, instead of a base.
    pub bottom: Option<String>,
    /// The name of the backing file to write to the image; the filename of the base by default.
    pub backing_file: Option<String>,
    /// Whether to write `raw` as the backing format for a base without a format.
    pub backing_mask_protocol: bool,
    /// The policy for errors.
    pub on_error: OnError,
    /// The name of the job's filter node.
    pub filter_node_name: Option<String>,
}

/// Checks the arguments, reserves the nodes and starts the job.
///
/// # Errors
/// A node does not exist, is not in the chain or is in use; options contradict each other; the
/// identifier is malformed or in use.
pub async fn start(context: &BlockJobContext, options: StreamOptions) -> Result<()> {
    let context = context.clone();
    let prepared = blocking(move || {
        let _lock = context.graph.lock_reopen();
        prepare(&context, options)
    });
    let PreparedStream { job, is_copying } = prepared.await?;
    let job = job.start();
    // In QEMU, a stream without data to copy ends before its client receives the reply.
    if !is_copying {
        while job.status() == JobStatus::Running {
            tokio::task::yield_now().await;
        }
        job.idle().await;
    }
    Ok(())
}

struct PreparedStream {
    job: PreparedJob,
    /// Whether the job has anything to copy.
    is_copying: bool,
}

/// Creates the job. Blocks.
fn prepare(context: &BlockJobContext, options: StreamOptions) -> Result<PreparedStream> {
    let BlockJobContext { jobs, graph, slots, events } = context;
    check_exclusive(&options)?;
    let Chain { top, above_base, below } = Chain::find(graph, &options)?;
    if top.is_read_only() {
        graph.check_freezable(&top, &above_base)?;
    }
    let writable = graph.make_writable(&top)?;
    let mut uses = uses(&top, &below);
    let filter = FilterOptions {
        driver: Driver::CopyOnRead,
        name: options.filter_node_name,
        target: None,
        merges: false,
    };
    if let Err(frozen @ Error::ChainFrozen { .. }) = graph.check_freezable(&top, &above_base) {
        return Err(messages::cannot_create_node(frozen));
    }
    let filter = graph.insert_filter(&top, filter).map_err(messages::cannot_create_node)?;
    uses.insert(0, NodeUse::filter(Arc::clone(filter.node())));
    uses.insert(1, NodeUse::stream_filter(Arc::clone(filter.node())));
    let is_copying = !below.is_empty();
    let top = backing::unfiltered(top);
    let is_source = |node: &Arc<Node>| !node.driver().is_filter() && !Arc::ptr_eq(node, &top);
    let below = below.into_iter().filter(is_source).collect();
    let driver = Stream {
        graph: graph.clone(),
        slots: slots.clone(),
        images: Arc::new(Images { length: top.size()?, top, below }),
        above_base,
        backing_file: options.backing_file,
        backing_mask_protocol: options.backing_mask_protocol,
        on_error: options.on_error,
        filter: Mutex::new(Some(filter)),
        writable: Mutex::new(writable),
    };
    let driver = BlockJob::new(driver, events.clone());
    let job = options.job.create(jobs, JobType::Stream, driver, None)?;
    block_job::reserve(&job, graph, uses)?;
    Ok(PreparedStream { job: PreparedJob::new(job, None), is_copying })
}

/// The nodes that a stream concerns.
struct Chain {
    top: Arc<Node>,
    above_base: Arc<Node>,
    /// The nodes to copy from.
    below: Vec<Arc<Node>>,
}

impl Chain {
    /// Finds the nodes in the graph as it is now, and checks that a stream may start.
    fn find(graph: &Graph, options: &StreamOptions) -> Result<Self> {
        let device = &options.device;
        let top = graph.get(device).ok_or_else(|| Error::no_device_or_node(device))?;
        let above_base = above_base(graph, &top, options)?;
        let below = below(&top, &above_base);
        for node in std::iter::once(&top).chain(&below) {
            graph.check_free(node, Operation::Stream)?;
        }
        let has_base = options.base.is_some() || options.base_node.is_some();
        if options.backing_file.is_some() && !has_base {
            return Err(messages::backing_file_without_base());
        }
        Ok(Chain { top, above_base, below })
    }
}

fn check_exclusive(options: &StreamOptions) -> Result<()> {
    let given = [
        ("base", options.base.is_some(), "base-node", options.base_node.is_some()),
        ("base", options.base.is_some(), "bottom", options.bottom.is_some()),
        ("bottom", options.bottom.is_some(), "base-node", options.base_node.is_some()),
    ];
    for (one, is_one, other, is_other) in given {
        if is_one && is_other {
            return Err(messages::not_at_the_same_time(one, other));
        }
    }
    Ok(())
}

/// The lowest node to copy from, or `top` if there is none. The backing node of the returned node
/// is the base.
fn above_base(graph: &Graph, top: &Arc<Node>, options: &StreamOptions) -> Result<Arc<Node>> {
    let device = options.device.as_str();
    let named = |name: &str| graph.get(name).ok_or_else(|| Error::no_node(name));
    let base = if let Some(base) = &options.base {
        let found = backing::find_backing_image(top, base);
        found.ok_or_else(|| messages::not_in_backing_chain(base))?
    } else if let Some(base) = &options.base_node {
        let node = named(base)?;
        if Arc::ptr_eq(top, &node) || !backing::chain_contains(top, &node) {
            return Err(messages::not_a_backing_image(base, device));
        }
        if Arc::ptr_eq(&backing::unfiltered(Arc::clone(top)), &node) {
            return Err(messages::not_in_chain_of(base, device));
        }
        node
    } else if let Some(bottom) = &options.bottom {
        let node = named(bottom)?;
        if node.driver().is_filter() {
            return Err(messages::bottom_is_filter(bottom));
        }
        if !backing::chain_contains(top, &node) {
            return Err(messages::bottom_not_in_chain(bottom, device));
        }
        return Ok(node);
    } else {
        return Ok(backing::chain(top).last().unwrap_or_else(|| Arc::clone(top)));
    };
    Ok(backing::above(top, &base).unwrap_or_else(|| Arc::clone(top)))
}

/// The nodes to copy from: from the backing node of `top` down to `above_base`.
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

/// How the job uses the nodes. The backing links of all nodes but the last are frozen.
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
    images: Arc<Images>,
    above_base: Arc<Node>,
    backing_file: Option<String>,
    backing_mask_protocol: bool,
    on_error: OnError,
    /// The filter node above the image, until the job is cleaned up.
    filter: Mutex<Option<Filter>>,
    /// Makes a read-only image writable for the time of the job.
    writable: Mutex<Option<WritableGuard>>,
}

impl BlockJobDriver for Stream {
    /// In QEMU, a stream is the only block job whose nodes stay reserved after its end.
    fn reserves_until_dismissed(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
        Box::pin(async move {
            if self.images.below.is_empty() {
                return Ok(());
            }
            copy::run_sequentially(job, &self.slots, &self.images, self.on_error).await?;
            copy::flush(job, &self.images.top, self.on_error).await
        })
    }

    /// Makes the base the backing node, in the graph and in the image.
    fn prepare(&self) -> Result<()> {
        // The base may be replaced when another job on the chain ends.
        let _lock = self.graph.lock_reopen();
        let top = &self.images.top;
        let Some(old) = top.backing() else { return Ok(()) };
        let base = backing::next_in_chain(&self.above_base);
        let name = base.clone().map(|base| {
            self.graph.backing_name(
                &backing::unfiltered(base),
                self.backing_file.as_deref(),
                self.backing_mask_protocol,
            )
        });
        let change = BackingChange { node: base, name: Some(name.clone()) };
        let Err(error) = self.graph.change_backing(top, change) else { return Ok(()) };
        if error.is_io() {
            return Err(error.into());
        }
        // As in QEMU, the image names the base even if the node cannot become the backing node. All
        // data of the nodes between are copied.
        self.graph.change_backing(top, BackingChange { node: Some(old), name: Some(name) })?;
        Err(messages::cannot_change_graph(top, error))
    }

    fn prepare_blocks(&self) -> bool {
        self.images.top.backing().is_some()
    }

    fn clean(&self, drops: &mut DeferredDrops) {
        drops.filter(self.filter.lock().take());
        drops.writable(self.writable.lock().take());
    }
}

/// The image to copy into, and the images to copy from.
struct Images {
    top: Arc<Node>,
    below: Vec<Arc<Node>>,
    /// The size of `top` in bytes.
    length: u64,
}

impl SequentialCopy for Images {
    const SKIPS_IGNORED_ERRORS: bool = true;

    fn length(&self) -> u64 {
        self.length
    }

    fn step(
        &self,
        offset: u64,
        buffer: &mut AlignedBuffer,
    ) -> std::result::Result<Step, StepError> {
        let cluster = self.top.cluster_size().unwrap_or(1);
        let rest = self.length - offset;
        let most = STEP_MAX.max(cluster).min(rest);
        // As in QEMU, a failed write also counts as an error of the source.
        let failed = |length| move |error| StepError { length, side: Side::Source, error };
        let own = backing::allocation(std::slice::from_ref(&self.top), offset, rest);
        let own = own.map_err(failed(most))?;
        if own.allocated {
            return Ok(Step { length: own.length, copied: false });
        }
        let Allocation { allocated: to_copy, length: known } =
            backing::allocation(&self.below, offset, own.length).map_err(failed(most))?;
        let known = if to_copy { known.min(most) } else { known };
        let (length, to_copy) = self.whole_clusters(offset, known, cluster, to_copy);
        if to_copy {
            self.top.copy_on_read(offset, length, buffer).map_err(failed(length))?;
        }
        Ok(Step { length, copied: to_copy })
    }
}

impl Images {
    /// Rounds a range to whole clusters of `top`. A cluster with some data to copy is copied whole,
    /// which does not change its contents.
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
