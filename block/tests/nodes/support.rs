//! The fixture of the tests: options of nodes, contents to compare, and QEMU's tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use block::create::Qcow2Create;
use block::nodes::{Graph, Node};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRef, BlockdevRefOrNull};
pub(crate) use surroundings::peer;
use tempfile::TempDir;

pub(crate) const K: u64 = 1024;
pub(crate) const M: u64 = 1024 * K;

/// Runs a program of QEMU, if there is one.
pub(crate) fn run_peer(program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(peer(program)?).args(arguments).output();
    Some(output.expect("the program can be run"))
}

/// Checks an image for corruptions and leaks with `qemu-img check`.
pub(crate) fn assert_sound(image: &Path) {
    if let Some(output) = run_peer("qemu-img", &["check", "-f", "qcow2", &text(image)]) {
        assert!(output.status.success(), "{output:?}");
    }
}

/// A graph, and a folder for images.
pub(crate) struct Fixture {
    pub(crate) graph: Graph,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Fixture { graph: Graph::new(), folder: tempfile::tempdir().expect("a folder for images") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str) -> BlockdevOptions {
        file(&text(&self.path(name)))
    }

    /// Creates a file with these contents.
    pub(crate) fn write(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).expect("a file can be written");
        path
    }

    /// Whether the file system limits the size of files below the largest number. tmpfs does not:
    /// the test is then reported as skipped in part.
    pub(crate) fn limits_sizes(&self) -> bool {
        let file = fs::File::create(self.path("probe")).expect("a file can be made");
        let is_limited = file.set_len(1 << 62).is_err();
        if !is_limited {
            surroundings::skip("the temporary folder has no limit on the size of files");
        }
        is_limited
    }

    /// Creates a qcow2 image.
    pub(crate) fn format(&self, name: &str, change: impl FnOnce(&mut Qcow2Create)) -> PathBuf {
        let path = self.write(name, b"");
        let mut options = Qcow2Create::new(inline(self.file(name)), M);
        change(&mut options);
        options.create(&self.graph).expect("an image can be made");
        path
    }

    pub(crate) fn add(&self, options: BlockdevOptions) -> Arc<Node> {
        self.graph.add(&options).expect("the node can be opened")
    }

    /// The text of the error of adding a node.
    pub(crate) fn refusal(&self, options: BlockdevOptions) -> String {
        self.graph.add(&options).expect_err("the node is refused").to_string()
    }

    /// The names of all nodes, the newest first, with `#block` for generated ones.
    pub(crate) fn names(&self) -> Vec<String> {
        let shorten = |name: &str| match name.strip_prefix('#') {
            Some(_) => "#block".to_owned(),
            None => name.to_owned(),
        };
        self.graph.nodes().iter().map(|node| shorten(node.name())).collect()
    }
}

pub(crate) fn file(path: &str) -> BlockdevOptions {
    BlockdevOptions::file(path)
}

pub(crate) fn raw(file: BlockdevRef) -> BlockdevOptions {
    BlockdevOptions::raw(file)
}

pub(crate) fn qcow2(file: BlockdevRef) -> BlockdevOptions {
    with_backing(file, None)
}

pub(crate) fn with_backing(
    file: BlockdevRef,
    backing: Option<BlockdevRefOrNull>,
) -> BlockdevOptions {
    let mut options = BlockdevOptionsQcow2::new(file);
    options.format.backing = backing;
    BlockdevOptions::from(options)
}

pub(crate) fn named(name: &str) -> BlockdevRef {
    BlockdevRef::Reference(name.to_owned())
}

pub(crate) fn inline(options: BlockdevOptions) -> BlockdevRef {
    options.into()
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("paths of tests are text").to_owned()
}

/// Pseudo-random bytes, the same in each run.
pub(crate) fn noise(seed: u64, length: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length as usize + 8);
    while (bytes.len() as u64) < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length as usize);
    bytes
}

/// The contents of a node.
pub(crate) fn contents(node: &Node) -> Vec<u8> {
    let mut bytes = vec![0xee; node.size().expect("the node has a size") as usize];
    node.read(0, &mut bytes).expect("the node can be read");
    bytes
}

/// Compares contents without printing megabytes on a failure.
#[track_caller]
pub(crate) fn assert_same(left: &[u8], right: &[u8]) {
    assert_eq!(left.len(), right.len(), "lengths differ");
    if let Some(at) = left.iter().zip(right).position(|(l, r)| l != r) {
        panic!("contents differ from byte {at} on");
    }
}
