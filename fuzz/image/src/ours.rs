//! The block layer under test, in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use block::error::Error;
use block::image::aligned_buffer::AlignedBuffer;
use block::nodes::backing::Allocation;
use block::nodes::backing::{self, BackingChange};
use block::nodes::{Graph, Node};
use block::options::{BlockdevDiscardOptions, BlockdevOptions, BlockdevOptionsQcow2};

use crate::contents::Contents;
use crate::plan::{Fill, Plan, Step};

/// The most bytes of one request.
const REQUEST_MAX: u64 = 1 << 20;

/// Opens an image in a graph of its own.
fn open(path: &Path, read_only: bool) -> Result<(Graph, Arc<Node>), String> {
    let graph = Graph::new();
    let file = |path: &Path| BlockdevOptions::file(path.to_string_lossy());
    let mut qcow2 = BlockdevOptionsQcow2::new(file(path));
    qcow2.data_file = data_file(path).map(|path| file(&path).into());
    let mut options = BlockdevOptions::from(qcow2).named("image").read_only(read_only);
    options.discard = Some(BlockdevDiscardOptions::Unmap);
    let node = graph.add(&options).map_err(|error| error.to_string())?;
    Ok((graph, node))
}

/// The external data file of an image. It is an option of the node, as its name in the image is
/// relative to the folder of the process.
pub fn data_file(path: &Path) -> Option<PathBuf> {
    let data = path.with_file_name("data");
    (path.ends_with("image") && data.exists()).then_some(data)
}

/// Reads an image, in units of `unit` bytes.
///
/// # Errors
/// The image cannot be opened.
pub fn read(path: &Path, unit: usize) -> Result<Contents, String> {
    let (graph, node) = open(path, true)?;
    let size = node.size().map_err(|error| error.to_string())?;
    let contents =
        Contents::gather(size, unit, |offset, buffer| node.read(offset, buffer).is_ok());
    // The block status must not disturb, whatever the tables contain.
    let mut offset = 0;
    while offset < size.min(Contents::WINDOW) {
        let step =
            node.block_status(offset, size - offset).map_or(1 << 16, |extent| extent.length);
        offset += step.max(512);
    }
    drop(node);
    graph.remove_all();
    Ok(contents)
}

/// Executes a plan. Returns the outcome of each step. If the writes cannot be flushed, all steps
/// since the last flush have failed.
///
/// # Errors
/// The image cannot be opened.
pub fn execute(path: &Path, plan: &Plan) -> Result<Vec<Result<(), String>>, String> {
    let (graph, node) = open(path, false)?;
    let mut outcomes = Vec::new();
    let steps_per_flush = match plan.flushes_each_step {
        true => 1,
        false => plan.steps.len().max(1),
    };
    for steps in plan.steps.chunks(steps_per_flush) {
        let first = outcomes.len();
        outcomes.extend(steps.iter().map(|step| perform(&graph, &node, step)));
        if let Err(error) = node.flush() {
            outcomes[first..].fill(Err(format!("flush: {error}")));
        }
    }
    drop(node);
    graph.remove_all();
    Ok(outcomes)
}

fn perform(graph: &Graph, node: &Arc<Node>, step: &Step) -> Result<(), String> {
    let done = match step {
        Step::Write(fill) => node.write(fill.offset, &fill.data()),
        Step::WriteZeroes { offset, length } => node.write_zeroes(*offset, *length),
        Step::Discard { offset, length } => node.discard_range(*offset, *length),
        Step::WriteCompressed(fill) => node.write_compressed(fill.offset, &fill.data()),
        Step::Resize(size) => resize(node, *size),
        Step::CopyTo(fill) => in_requests(fill.length, |offset, length| {
            node.write(offset, &Fill { offset, length, key: fill.key }.data())
        }),
        Step::Stream => stream(graph, node),
        Step::Commit => commit(graph, node),
    };
    done.map_err(|error| error.to_string())
}

type Result<T, E = Error> = std::result::Result<T, E>;

/// Splits the first `length` bytes of an image into requests, within the window that is read.
fn in_requests(length: u64, mut request: impl FnMut(u64, u64) -> Result<()>) -> Result<()> {
    let length = length.min(Contents::WINDOW);
    let mut offset = 0;
    while offset < length {
        let step = REQUEST_MAX.min(length - offset);
        request(offset, step)?;
        offset += step;
    }
    Ok(())
}

fn resize(node: &Node, size: u64) -> Result<()> {
    if size < node.size()? { node.shrink(size) } else { node.grow(size) }
}

fn stream(graph: &Graph, node: &Arc<Node>) -> Result<()> {
    let size = node.size()?;
    let mut buffer = AlignedBuffer::default();
    in_requests(size, |offset, length| node.copy_on_read(offset, length, &mut buffer))?;
    if size > Contents::WINDOW {
        return Ok(());
    }
    graph.change_backing(node, BackingChange { node: None, name: Some(None) })
}

fn commit(graph: &Graph, node: &Arc<Node>) -> Result<()> {
    let no_backing = || Error::InvalidOption("the image has no backing file".to_owned());
    let base = node.backing().ok_or_else(no_backing)?;
    let _writable = graph.make_writable(&base)?;
    let size = node.size()?;
    if base.size()? < size {
        base.grow(size)?;
    }
    let (end, mut offset) = (size.min(Contents::WINDOW), 0);
    while offset < end {
        let most = REQUEST_MAX.min(end - offset);
        let Allocation { allocated, length } =
            backing::allocation(&[Arc::clone(node)], offset, most)?;
        if allocated {
            let mut data = vec![0; usize::try_from(length).unwrap_or(0)];
            node.read(offset, &mut data)?;
            base.write(offset, &data)?;
        }
        offset += length.max(512);
    }
    base.flush()
}
