//! A daemon with two disks to copy between.

use std::fs;

use crate::support::daemon::Daemon;

/// The size of the disks in bytes: large enough to pause a backup at 64 KiB per second.
pub(crate) const DISK_SIZE: usize = 4 << 20;

/// Starts a daemon with two raw nodes: `src` is full of data, `dst` reads as zeroes.
pub(crate) fn start() -> Daemon {
    let folder = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..DISK_SIZE).map(|index| (index / 512 % 251 + 1) as u8).collect();
    fs::write(folder.path().join("src.raw"), data).unwrap();
    fs::write(folder.path().join("dst.raw"), vec![0; DISK_SIZE]).unwrap();
    let node = |name: &str| {
        format!("driver=raw,node-name={name},file.driver=file,file.filename=$DIR/{name}.raw")
    };
    let (src, dst) = (node("src"), node("dst"));
    Daemon::start_in(folder, &["--blockdev", &src, "--blockdev", &dst])
}

/// Whether both disks have the same data.
pub(crate) fn are_equal(daemon: &Daemon) -> bool {
    let read = |name| fs::read(daemon.path(name)).unwrap();
    read("src.raw") == read("dst.raw")
}
