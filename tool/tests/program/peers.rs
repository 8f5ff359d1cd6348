//! The program with servers that are programs: QEMU's, and the storage daemon of this workspace.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Ended, qapi};

/// A server that is a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// QEMU's storage daemon.
    QemuStorageDaemon,
    /// The storage daemon of this workspace.
    StorageDaemon,
    /// A system emulator, whose machine does not start.
    SystemEmulator,
}

impl Program {
    /// `None` if it is not installed, or not built.
    fn path(self) -> Option<PathBuf> {
        match self {
            Self::QemuStorageDaemon => surroundings::peer("qemu-storage-daemon"),
            // Distributions may have it for another version than that of the other programs.
            Self::SystemEmulator => surroundings::optional_peer("qemu-system-x86_64"),
            Self::StorageDaemon => {
                // A test of the whole workspace builds both programs into one folder.
                let qapi = Path::new(env!("CARGO_BIN_EXE_qapi"));
                let path = qapi.with_file_name("storage-daemon");
                if !path.is_file() {
                    surroundings::skip_peer("the storage daemon is not built");
                    return None;
                }
                Some(path)
            }
        }
    }
}

/// A running server with the monitors `a` and `b`. A monitor of QEMU serves one client at a time.
pub(crate) struct Peer {
    program: Program,
    path: PathBuf,
    folder: TempDir,
    child: Option<Child>,
}

impl Peer {
    /// Starts QEMU's storage daemon; `None` if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::of(Program::QemuStorageDaemon)
    }

    /// `None` if the program is not installed, or not built.
    pub(crate) fn of(program: Program) -> Option<Self> {
        let path = program.path()?;
        let mut peer = Self { program, path, folder: tempfile::tempdir().unwrap(), child: None };
        peer.spawn();
        Some(peer)
    }

    /// Ends the server, and starts it again on the same sockets.
    pub(crate) fn restart(&mut self) {
        self.end();
        for id in ["a", "b"] {
            let _ = std::fs::remove_file(self.path(id));
        }
        self.spawn();
    }

    fn spawn(&mut self) {
        let mut command = Command::new(&self.path);
        let is_system = self.program == Program::SystemEmulator;
        if is_system {
            command.args(["-nodefaults", "-display", "none", "-machine", "none"]);
        }
        for id in ["a", "b"] {
            let socket = self.address(id);
            command.arg(if is_system { "-chardev" } else { "--chardev" });
            command.arg(format!("socket,id={id},path={socket},server=on,wait=off"));
            let monitor = if is_system { "-mon" } else { "--monitor" };
            command.args([monitor, &format!("chardev={id},mode=control")]);
        }
        self.child = Some(command.stdin(Stdio::null()).spawn().unwrap());
        let end = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(self.path("b")).is_err() {
            assert!(Instant::now() < end, "{:?} does not listen", self.program);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn path(&self, monitor: &str) -> PathBuf {
        self.folder.path().join(monitor)
    }

    pub(crate) fn address(&self, monitor: &str) -> String {
        self.path(monitor).display().to_string()
    }

    pub(crate) fn call(&self, words: &[&str]) -> Ended {
        let address = self.address("b");
        let all: Vec<&str> =
            ["call", &address].into_iter().chain(words.iter().copied()).collect();
        qapi(&all)
    }

    /// Adds two disks of the same size: `n0` and `n1`.
    pub(crate) fn add_disks(&self) {
        for name in ["node-name=n0", "node-name=n1"] {
            let ended = self.call(&["blockdev-add", "driver=null-co", name, "size=104857600"]);
            assert_eq!((ended.status, ended.out.as_str()), (0, "{}\n"), "{ended:?}");
        }
    }

    /// Starts a mirror of `n0`. It would take a minute, if no other call ended it.
    pub(crate) fn start_mirror(&self, id: &str, words: &[&str]) {
        let id = format!("job-id={id}");
        let start = ["blockdev-mirror", &id, "device=n0", "target=n1", "sync=full"];
        let all: Vec<&str> = start.into_iter().chain(words.iter().copied()).collect();
        let ended = self.call(&all);
        assert_eq!(ended.status, 0, "{ended:?}");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}

#[test]
fn arguments_and_schema_are_those_of_qemu() {
    let Some(peer) = Peer::start() else { return };
    peer.add_disks();
    let nodes = peer.call(&["query-named-block-nodes"]).out;
    let nodes: Value = serde_json::from_str(&nodes).unwrap();
    assert_eq!(nodes.as_array().unwrap().len(), 2);
    // A name that looks like a number is a string, and a reference to a node is one.
    let ended =
        peer.call(&["blockdev-add", "driver=raw", "node-name=raw", "file=n0", "size=512"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    let ended = peer.call(&["--check", "blockdev-add", "driver=raw", "node-name=r", "fil=n0"]);
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.err.contains("there is no `fil`"), "{ended:?}");
}

#[test]
fn a_command_may_be_the_server() {
    if surroundings::peer("qemu-storage-daemon").is_none() {
        return;
    }
    let address = "exec:qemu-storage-daemon --chardev stdio,id=m --monitor chardev=m";
    let ended = qapi(&["call", address, "query-chardev"]);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{ended:?}");
}

#[test]
fn a_job_is_followed_to_each_end() {
    let Some(peer) = Peer::start() else { return };
    peer.add_disks();
    let address = peer.address("b");
    peer.start_mirror("done", &["auto-dismiss=false"]);
    let ended = qapi(&["-q", "job", "wait", &address, "done", "--until", "ready"]);
    assert_eq!(ended.out, "{\"id\":\"done\",\"result\":\"ready\"}\n", "{ended:?}");
    assert_eq!(qapi(&["job", "complete", &address, "done"]).status, 0);
    let ended = qapi(&["-q", "job", "wait", &address, "done", "--dismiss"]);
    assert_eq!(ended.out, "{\"id\":\"done\",\"result\":\"completed\"}\n", "{ended:?}");
    assert_eq!(qapi(&["job", "list", &address]).out, "[]\n");

    peer.start_mirror("cancelled", &["speed=1000000"]);
    let other = peer.address("a");
    let wait = std::thread::spawn(move || qapi(&["-q", "job", "wait", &other, "cancelled"]));
    assert_eq!(qapi(&["job", "cancel", &address, "cancelled"]).status, 0);
    let ended = wait.join().unwrap();
    // The waiting program may have connected after the end.
    assert!([1, 6].contains(&ended.status), "{ended:?}");

    let ended = qapi(&["job", "cancel", &address, "no-such"]);
    assert_eq!((ended.status, ended.err.as_str()), (1, "qapi: Job not found\n"));
}
