//! The program in a folder of its own, and a client to talk to it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take before the test is given up: never reached unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program, to be given arguments.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_storage-daemon"))
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Waits until `done` gives something.
pub(crate) fn wait_for<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running daemon, with a folder for its files. Ended at the latest with the test.
pub(crate) struct Daemon {
    process: Child,
    folder: TempDir,
}

impl Daemon {
    /// Starts a daemon that listens on [`Daemon::socket`], with further arguments; `$DIR` in them
    /// is its folder.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments)
    }

    /// As [`Daemon::start`], in a folder that may hold something.
    pub(crate) fn start_in(folder: TempDir, arguments: &[&str]) -> Self {
        let path = folder.path().display().to_string();
        let process = command()
            .args(socket_arguments(folder.path()))
            .args(arguments.iter().map(|argument| argument.replace("$DIR", &path)))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("qmp.sock")
    }

    /// A client that has negotiated.
    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.socket())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits until the daemon has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("the daemon to end", || self.process.try_wait().unwrap())
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What has a daemon listen on `qmp.sock` in `folder`.
pub(crate) fn socket_arguments(folder: &Path) -> [String; 4] {
    let path = folder.join("qmp.sock");
    let chardev = format!("socket,id=qmp,path={},server=on,wait=off", path.display());
    ["--chardev".to_owned(), chardev, "--monitor".to_owned(), "qmp".to_owned()]
}

/// A client on a unix socket.
pub(crate) struct Client {
    stream: UnixStream,
    lines: Lines<BufReader<UnixStream>>,
}

impl Client {
    /// Connects as soon as somebody listens, and negotiates.
    pub(crate) fn connect(socket: &Path) -> Self {
        let mut client = Self::unnegotiated(socket);
        assert!(client.message()["QMP"].is_object());
        assert_eq!(client.ask("qmp_capabilities", json!({})), json!({"return": {}}));
        client
    }

    /// Connects as soon as somebody listens.
    pub(crate) fn unnegotiated(socket: &Path) -> Self {
        let connect = || UnixStream::connect(socket).ok();
        let stream = wait_for("the daemon to listen", connect);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        Self { stream, lines }
    }

    /// The answer to a command; events before it are passed by.
    pub(crate) fn ask(&mut self, command: &str, arguments: Value) -> Value {
        let message = json!({"execute": command, "arguments": arguments});
        self.stream.write_all(message.to_string().as_bytes()).unwrap();
        loop {
            let message = self.message();
            if message.get("event").is_none() {
                return message;
            }
        }
    }

    /// Executes a command that must succeed.
    pub(crate) fn execute(&mut self, command: &str, arguments: Value) -> Value {
        let mut reply = self.ask(command, arguments);
        assert!(reply.get("error").is_none(), "{command}: {reply}");
        reply["return"].take()
    }

    /// The error of a command that must fail.
    pub(crate) fn refused(&mut self, command: &str, arguments: Value) -> String {
        let reply = self.ask(command, arguments);
        reply["error"]["desc"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// Waits until `query-jobs` shows a job with this status.
    pub(crate) fn wait_for_job(&mut self, id: &str, status: &str) -> Value {
        wait_for(&format!("{id} to be {status}"), || {
            let jobs = self.execute("query-jobs", json!({}));
            let mut jobs = jobs.as_array().unwrap().iter();
            jobs.find(|job| job["id"] == id && job["status"] == status).cloned()
        })
    }

    /// The next message, whatever it is.
    pub(crate) fn message(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// Whether the daemon has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.lines.next().is_none()
    }
}

/// A daemon in whose folder each of the images is, as large as it says, with a raw node of its name
/// on top; and whatever other nodes there are to be.
pub(crate) fn with_images(images: &[(&str, u64)], more: &[&str]) -> (Daemon, Client) {
    let folder = tempfile::tempdir().unwrap();
    let node = |(name, size): &(&str, u64)| {
        fs::write(folder.path().join(name), vec![7; *size as usize]).unwrap();
        format!("raw,node-name={name},file.driver=file,file.filename=$DIR/{name}")
    };
    let nodes: Vec<String> = images.iter().map(node).collect();
    let nodes = nodes.iter().map(String::as_str).chain(more.iter().copied());
    let arguments: Vec<&str> = nodes.flat_map(|node| ["--blockdev", node]).collect();
    let daemon = Daemon::start_in(folder, &arguments);
    let client = daemon.client();
    (daemon, client)
}

/// The arguments of a copy of `source` to `target`, with some of them changed.
pub(crate) fn copy(changes: Value) -> Value {
    let mut all = json!({
        "job-id": "j0", "device": "source", "target": "target", "sync": "full",
    });
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    all
}

/// What could be left behind: jobs, nodes, and files.
#[derive(Debug, PartialEq)]
pub(crate) struct Traces {
    pub(crate) jobs: Value,
    pub(crate) nodes: Vec<String>,
    pub(crate) files: BTreeSet<String>,
}

impl Traces {
    pub(crate) fn of(daemon: &Daemon, client: &mut Client) -> Self {
        let jobs = client.execute("query-jobs", json!({}));
        let files = fs::read_dir(daemon.path("")).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        Traces { jobs, nodes: node_names(client), files }
    }
}

/// The names of all nodes, the newest first.
pub(crate) fn node_names(client: &mut Client) -> Vec<String> {
    let nodes = client.execute("query-named-block-nodes", json!({"flat": true}));
    let name = |node: &Value| node["node-name"].as_str().unwrap().to_owned();
    nodes.as_array().unwrap().iter().map(name).collect()
}

/// Has `qemu-img check` look for damage and leaks in a qcow2 image, if it is installed.
/// `QAPI_REQUIRE_PEERS=1` demands that it is.
pub(crate) fn assert_sound(image: &Path) {
    match Command::new("qemu-img").args(["check", "-f", "qcow2"]).arg(image).output() {
        Ok(output) => assert!(output.status.success(), "{}: {output:?}", image.display()),
        Err(error) => {
            let required = std::env::var_os("QAPI_REQUIRE_PEERS").is_some_and(|one| one == "1");
            assert!(!required, "qemu-img is required: {error}");
        }
    }
}
