//! A daemon with two disks to copy between.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long anything may take before the test is given up: never reached unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// How large the disks are: enough for a backup that can be paused at 64 KiB a second.
pub(crate) const DISK_SIZE: usize = 4 << 20;

/// A daemon that serves the nodes `src`, full of data, and `dst`, empty; both raw.
pub(crate) struct Daemon {
    process: Child,
    pub(crate) socket: PathBuf,
    directory: tempfile::TempDir,
}

impl Daemon {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data: Vec<u8> = (0..DISK_SIZE).map(|index| (index / 512 % 251 + 1) as u8).collect();
        std::fs::write(directory.path().join("src.raw"), data).unwrap();
        std::fs::write(directory.path().join("dst.raw"), vec![0; DISK_SIZE]).unwrap();
        let socket = directory.path().join("qmp.sock");
        let chardev = format!("socket,id=qmp,path={},server=on,wait=off", socket.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_storage-daemon"));
        command.args(["--chardev", &chardev, "--monitor", "chardev=qmp"]);
        for name in ["src", "dst"] {
            let file = directory.path().join(name).with_extension("raw");
            let file = file.display();
            command.args([
                "--blockdev",
                &format!("driver=raw,node-name={name},file.driver=file,file.filename={file}"),
            ]);
        }
        let process = command.spawn().unwrap();
        Self { process, socket, directory }
    }

    /// A connection, as soon as the daemon listens.
    pub(crate) fn connect(&mut self) -> UnixStream {
        let start = Instant::now();
        loop {
            match UnixStream::connect(&self.socket) {
                Ok(stream) => return stream,
                Err(error) => {
                    let ended = self.process.try_wait().unwrap();
                    assert!(ended.is_none() && start.elapsed() < PATIENCE, "{error}; {ended:?}");
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    /// Waits for the daemon to end by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the daemon goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether the disks hold the same data.
    pub(crate) fn disks_are_equal(&self) -> bool {
        let read = |name| std::fs::read(self.directory.path().join(name)).unwrap();
        read("src.raw") == read("dst.raw")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
