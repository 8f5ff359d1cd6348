//! Creating and comparing the demo's images.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use block::nodes::{Graph, Node};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRefOrNull};

use super::DemoError;

/// The number of bytes that are written or compared at a time.
const CHUNK: usize = 1 << 20;

/// One in this number of chunks is a hole.
const HOLE_EVERY: u64 = 4;

/// Creates an image of `size` bytes, with data in three of four chunks.
pub(super) fn create(path: &Path, size: u64) -> io::Result<()> {
    let file = File::create_new(path)?;
    file.set_len(size)?;
    let mut chunk = vec![0; CHUNK];
    let mut random = File::open("/dev/urandom")?;
    for number in (0..size / CHUNK as u64).filter(|number| number % HOLE_EVERY != 0) {
        random.read_exact(&mut chunk)?;
        file.write_all_at(&chunk, number * CHUNK as u64)?;
    }
    Ok(())
}

/// Compares a raw image with a qcow2 image, and returns their size in bytes.
pub(super) fn compare(raw: &str, qcow2: &str) -> Result<u64, DemoError> {
    let graph = Graph::new();
    let file = BlockdevOptions::file(qcow2);
    let qcow2 = BlockdevOptionsQcow2::new(file).backing(BlockdevRefOrNull::NONE);
    let qcow2 = BlockdevOptions::from(qcow2);
    let one = open(&graph, "one", BlockdevOptions::raw(BlockdevOptions::file(raw)))?;
    let other = open(&graph, "other", qcow2)?;
    let size = one.size()?;
    if size != other.size()? {
        return Err(DemoError::Different(size.min(other.size()?)));
    }
    let (mut ours, mut theirs) = (vec![0; CHUNK], vec![0; CHUNK]);
    for offset in (0..size).step_by(CHUNK) {
        one.read(offset, &mut ours)?;
        other.read(offset, &mut theirs)?;
        if ours != theirs {
            let same = ours.iter().zip(&theirs).take_while(|(one, other)| one == other).count();
            return Err(DemoError::Different(offset + same as u64));
        }
    }
    Ok(size)
}

fn open(graph: &Graph, name: &str, options: BlockdevOptions) -> Result<Arc<Node>, DemoError> {
    Ok(graph.add(&options.named(name).read_only(true))?)
}
