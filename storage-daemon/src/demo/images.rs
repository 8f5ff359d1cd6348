//! The demo's images: made, and compared.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use block::nodes::{Graph, Node};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRefOrNull};

use super::DemoError;

/// How much is written or compared at a time, in bytes.
const CHUNK: usize = 1 << 20;

/// One chunk in so many is a hole.
const HOLE_EVERY: u64 = 4;

/// Makes an image of `size` bytes that has data in three chunks of four.
pub(super) fn make(path: &Path, size: u64) -> io::Result<()> {
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

/// Compares a raw image and a qcow2 image, byte for byte, and returns how many there were.
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
