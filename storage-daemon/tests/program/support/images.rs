//! Images for tests: created, read and damaged without a daemon.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use block::create::Qcow2Create;
use block::nodes::Graph;
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRefOrNull};

pub(crate) const MIB: u64 = 1 << 20;

/// The options of a file node.
pub(crate) fn file(path: &Path) -> BlockdevOptions {
    BlockdevOptions::file(path.to_str().unwrap())
}

/// The options of a qcow2 node `n` without a backing node.
pub(crate) fn qcow2_alone(path: &Path) -> BlockdevOptions {
    let options = BlockdevOptionsQcow2::new(file(path)).backing(BlockdevRefOrNull::NONE);
    BlockdevOptions::from(options).named("n")
}

/// Creates a qcow2 image, with options that `adjust` changes.
pub(crate) fn create_qcow2(path: &Path, size: u64, adjust: impl FnOnce(&mut Qcow2Create)) {
    File::create(path).unwrap();
    let mut image = Qcow2Create::new(file(path), size);
    adjust(&mut image);
    image.create(&Graph::new()).unwrap();
}

/// Sets the backing file of an image to create. The backing file has the format qcow2.
pub(crate) fn set_backing(image: &mut Qcow2Create, backing: Option<&str>) {
    image.backing_file = backing.map(str::to_owned);
    image.backing_format = backing.map(|_| "qcow2".to_owned());
}

/// Reads the first `length` bytes of an image through a node with these options.
pub(crate) fn read(options: BlockdevOptions, length: u64) -> Vec<u8> {
    let graph = Graph::new();
    let node = graph.add(&options.read_only(true)).unwrap();
    // Not zeroes, so that the test notices a read that does not fill the buffer.
    let mut bytes = vec![0xa5; length as usize];
    node.read(0, &mut bytes).unwrap();
    bytes
}

/// Damages a qcow2 image: the entry of a cluster in the L2 table gets an unaligned offset.
pub(crate) fn corrupt_cluster(image: &Path, cluster: u64) {
    let file = File::options().read(true).write(true).open(image).unwrap();
    let offset_at = |position| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, position).unwrap();
        // Without the flags.
        u64::from_be_bytes(bytes) & 0x00ff_ffff_ffff_fe00
    };
    let (l1_table, copied) = (offset_at(40), 1_u64 << 63);
    let entry = offset_at(l1_table) + 8 * cluster;
    file.write_all_at(&((offset_at(entry) + 512) | copied).to_be_bytes(), entry).unwrap();
}

/// Checks a qcow2 image with `qemu-img check`, if it is installed.
pub(crate) fn assert_consistent(image: &Path) {
    let Some(program) = surroundings::peer("qemu-img") else { return };
    let output =
        Command::new(program).args(["check", "-f", "qcow2"]).arg(image).output().unwrap();
    assert!(output.status.success(), "{}: {output:?}", image.display());
}
