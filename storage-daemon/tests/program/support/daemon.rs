//! A daemon in a folder of its own, and its client.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a test waits for the daemon before the test fails.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// The path of the program.
pub(crate) fn program() -> PathBuf {
    surroundings::program("storage-daemon", env!("CARGO_BIN_EXE_storage-daemon"))
}

/// The program, without arguments.
pub(crate) fn command() -> Command {
    Command::new(program())
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Waits until `done` returns a value.
pub(crate) fn wait_for<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(start.elapsed() < TIMEOUT, "time-out: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running daemon, with a folder for its files. Killed when dropped.
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

    /// As [`Daemon::start`], in a folder that may contain files.
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

    /// Starts a daemon with these arguments of `--blockdev`, and connects a client.
    pub(crate) fn with_nodes(folder: TempDir, nodes: &[String]) -> (Self, Client) {
        let arguments: Vec<&str> =
            nodes.iter().flat_map(|node| ["--blockdev", node.as_str()]).collect();
        let daemon = Self::start_in(folder, &arguments);
        let client = daemon.client();
        (daemon, client)
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
        kill_process(Pid::from_child(&self.process), signal).unwrap();
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

/// The arguments that make a daemon listen on `qmp.sock` in `folder`.
pub(crate) fn socket_arguments(folder: &Path) -> [String; 4] {
    let path = folder.join("qmp.sock");
    let chardev = format!("socket,id=qmp,path={},server=on,wait=off", path.display());
    ["--chardev".to_owned(), chardev, "--monitor".to_owned(), "qmp".to_owned()]
}

/// Connects to a socket as soon as a daemon listens on it.
pub(crate) fn connect(socket: &Path) -> UnixStream {
    wait_for("the daemon to listen", || UnixStream::connect(socket).ok())
}

/// A client on a UNIX socket.
pub(crate) struct Client {
    stream: UnixStream,
    lines: Lines<BufReader<UnixStream>>,
}

impl Client {
    /// Connects as soon as the daemon listens, and negotiates.
    pub(crate) fn connect(socket: &Path) -> Self {
        let mut client = Self::unnegotiated(socket);
        assert!(client.message()["QMP"].is_object());
        assert_eq!(client.ask("qmp_capabilities", json!({})), json!({"return": {}}));
        client
    }

    /// Connects as soon as the daemon listens, and does not negotiate.
    pub(crate) fn unnegotiated(socket: &Path) -> Self {
        let stream = connect(socket);
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        Self { stream, lines }
    }

    /// The reply to a command. Events before it are skipped.
    pub(crate) fn ask(&mut self, command: &str, arguments: Value) -> Value {
        self.ask_with_events(command, arguments).1
    }

    /// The events before the reply to a command, and the reply.
    pub(crate) fn ask_with_events(
        &mut self,
        command: &str,
        arguments: Value,
    ) -> (Vec<Value>, Value) {
        let message = json!({"execute": command, "arguments": arguments});
        self.stream.write_all(message.to_string().as_bytes()).unwrap();
        let mut events = Vec::new();
        loop {
            let message = self.message();
            if message.get("event").is_none() {
                return (events, message);
            }
            events.push(message);
        }
    }

    /// Executes a command that must succeed. Returns its result.
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

    /// The next message: the greeting, a reply or an event.
    pub(crate) fn message(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// Whether the daemon has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.lines.next().is_none()
    }
}

/// Starts a daemon with raw images of these sizes, a raw node for each image, and `more` nodes.
pub(crate) fn with_images(images: &[(&str, u64)], more: &[&str]) -> (Daemon, Client) {
    let folder = tempfile::tempdir().unwrap();
    let node = |(name, size): &(&str, u64)| {
        fs::write(folder.path().join(name), vec![7; *size as usize]).unwrap();
        node(Format::Raw, name, "")
    };
    let mut nodes: Vec<String> = images.iter().map(node).collect();
    nodes.extend(more.iter().map(|node| (*node).to_owned()));
    Daemon::with_nodes(folder, &nodes)
}

/// The format of an image.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    Raw,
    Qcow2,
}

/// The argument of `--blockdev` for a node on the file of the same name in the daemon's folder.
/// `more` begins with a comma, if it is not empty.
pub(crate) fn node(format: Format, name: &str, more: &str) -> String {
    let format = match format {
        Format::Raw => "raw",
        Format::Qcow2 => "qcow2",
    };
    format!("{format},node-name={name},file.driver=file,file.filename=$DIR/{name}{more}")
}

/// Returns `object` with changed members. A member of `changes` replaces the member of `object`,
/// and a `null` removes it.
pub(crate) fn merged(mut object: Value, changes: &Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    object
}

/// The arguments of a copy of `source` to `target`, with changes.
pub(crate) fn copy(changes: Value) -> Value {
    let arguments = json!({
        "job-id": "j0", "device": "source", "target": "target", "sync": "full",
    });
    merged(arguments, &changes)
}

/// The state that a refused command must not change: jobs, nodes, and files.
#[derive(PartialEq)]
pub(crate) struct Traces {
    jobs: Value,
    nodes: Value,
    /// The contents of each file, by name.
    files: BTreeMap<String, Vec<u8>>,
}

impl Traces {
    pub(crate) fn of(daemon: &Daemon, client: &mut Client) -> Self {
        let files = fs::read_dir(daemon.path("")).unwrap().map(Result::unwrap);
        let files = files.filter(|file| file.file_type().unwrap().is_file()).map(|file| {
            (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())
        });
        Traces {
            jobs: client.execute("query-jobs", json!({})),
            nodes: client.execute("query-named-block-nodes", json!({})),
            files: files.collect(),
        }
    }
}

/// Executes a command with each of the changes to its arguments. Checks that it fails with the
/// error, and leaves nothing behind.
pub(crate) fn assert_refused(
    (daemon, client): (&Daemon, &mut Client),
    command: &str,
    arguments: &Value,
    cases: &[(Value, &str)],
) {
    let before = Traces::of(daemon, client);
    for (changes, expected) in cases {
        let arguments = merged(arguments.clone(), changes);
        assert_eq!(client.refused(command, arguments), *expected);
        assert!(Traces::of(daemon, client) == before, "{expected}: something is left behind");
    }
}

/// Deletes nodes, which must be unused.
pub(crate) fn delete_nodes(client: &mut Client, names: &[&str]) {
    for name in names {
        client.execute("blockdev-del", json!({"node-name": name}));
    }
}

/// The names of all nodes, the newest first.
pub(crate) fn node_names(client: &mut Client) -> Vec<String> {
    let nodes = client.execute("query-named-block-nodes", json!({"flat": true}));
    let name = |node: &Value| node["node-name"].as_str().unwrap().to_owned();
    nodes.as_array().unwrap().iter().map(name).collect()
}
