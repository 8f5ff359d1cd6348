//! The demo's images: made, and compared.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use block::nodes::options::{
    BackingOption, Child, DriverOptions, FileOptions, NodeOptions, Qcow2Options, RawOptions,
};
use block::nodes::{Graph, Node};

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
    let raw = DriverOptions::Raw(RawOptions::new(file(raw)));
    let qcow2 = Qcow2Options::new(file(qcow2), BackingOption::None);
    let one = open(&graph, "one", raw)?;
    let other = open(&graph, "other", DriverOptions::Qcow2(qcow2))?;
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

fn open(graph: &Graph, name: &str, driver: DriverOptions) -> Result<Arc<Node>, DemoError> {
    Ok(graph.add(NodeOptions::new(driver).named(name).read_only(true))?)
}

fn file(path: &str) -> Child {
    let options = FileOptions::new(path);
    Child::Inline(Box::new(NodeOptions::new(DriverOptions::File(options))))
}
