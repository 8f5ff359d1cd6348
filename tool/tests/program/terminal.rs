//! `qapi shell` in a terminal: screens of tmux.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::peers::{Peer, Program};
use crate::server::TestServer;

/// A limit that only a failure reaches.
const LIMIT: Duration = Duration::from_secs(20);

/// A shell in a terminal of tmux.
struct Terminal {
    tmux: PathBuf,
    folder: TempDir,
}

impl Terminal {
    /// `None` if tmux is not installed.
    fn start(address: &str) -> Option<Self> {
        Self::start_with(&format!("'{address}'"))
    }

    /// Like `start`, with options and address as a shell reads them.
    fn start_with(words: &str) -> Option<Self> {
        let tmux = surroundings::peer("tmux")?;
        let terminal = Self { tmux, folder: tempfile::tempdir().unwrap() };
        terminal.open(words);
        Some(terminal)
    }

    /// Starts the shell, with the history of an earlier one.
    fn open(&self, words: &str) {
        let state = self.folder.path().display();
        let program = env!("CARGO_BIN_EXE_qapi");
        let command = format!("XDG_STATE_HOME='{state}' '{program}' shell {words}");
        self.tmux(&["new-session", "-d", "-x", "200", "-y", "60", &command]);
        self.wait_for(&[">"]);
    }

    /// Leaves the shell by its word, and waits until the terminal is closed.
    fn leave(&self) {
        self.keys("exit", &["Enter"]);
        let end = Instant::now() + LIMIT;
        while !self.tmux(&["list-sessions"]).is_empty() {
            assert!(Instant::now() < end, "the shell does not end:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.tmux)
            .arg("-S")
            .arg(self.folder.path().join("tmux"))
            .args(["-f", "/dev/null"])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Types text, and keys by their names.
    fn keys(&self, text: &str, keys: &[&str]) {
        if !text.is_empty() {
            self.tmux(&["send-keys", "-l", text]);
        }
        for key in keys {
            self.tmux(&["send-keys", key]);
        }
    }

    /// Waits until the screen contains these texts in this order, and returns it.
    fn wait_for(&self, texts: &[&str]) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            let screen = self.screen();
            let found = texts.iter().try_fold(screen.as_str(), |rest, text| {
                rest.split_once(text).map(|(_, after)| after)
            });
            if found.is_some() {
                return screen;
            }
            assert!(Instant::now() < end, "no {texts:?} in:\n{screen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn a_session_with_the_storage_daemon_of_qemu() {
    session(Program::QemuStorageDaemon);
}

#[test]
fn a_session_with_a_system_emulator() {
    session(Program::SystemEmulator);
}

#[test]
fn a_session_with_the_storage_daemon() {
    session(Program::StorageDaemon);
}

/// A session in which a user makes a mistake, follows a job, and uses the history.
fn session(program: Program) {
    let Some(mut peer) = Peer::of(program) else { return };
    let address = peer.address("a");
    let Some(terminal) = Terminal::start(&address) else { return };
    peer.add_disks();
    mistake_and_correction(&terminal);
    job_to_its_end(&terminal);
    transaction(&terminal, &peer);

    // A lost connection. The new server has no nodes.
    peer.restart();
    terminal.wait_for(&["connecting again", "connected again"]);
    terminal.keys("", &["C-l"]);
    terminal.keys("query-named-block-nodes", &["Enter"]);
    terminal.wait_for(&["> query-named-block-nodes", "[]", ">"]);

    // The history outlives the shell.
    terminal.leave();
    terminal.open(&format!("'{address}'"));
    terminal.keys("", &["Up"]);
    terminal.wait_for(&["> exit"]);
    terminal.keys("", &["Up"]);
    terminal.wait_for(&["> query-named-block-nodes"]);
}

fn mistake_and_correction(terminal: &Terminal) {
    // Completion of a command, an argument, a value of an enum, and the name of a node.
    terminal.keys("blockdev-mir", &["Tab"]);
    terminal.wait_for(&["> blockdev-mirror"]);
    terminal.keys("sync=fu", &["Tab"]);
    terminal.wait_for(&["> blockdev-mirror sync=full"]);
    terminal.keys("device=n", &["Tab"]);
    terminal.wait_for(&["device=n", "device=n0"]);
    terminal.keys("", &["C-c"]);
    terminal.keys("blockdev-mirror device=n0 job-id=j spee=1000000", &["Enter"]);

    // The wrong word is marked, and the line can be corrected.
    let screen = terminal.wait_for(&["^^^^^^^^^^^^ there is no `spee`"]);
    let wrong = screen.lines().find(|line| line.contains("^^^^")).unwrap();
    let place = wrong.find('^').unwrap();
    let line = screen.lines().find(|line| line.starts_with("  blockdev-mirror")).unwrap();
    assert!(line[place..].starts_with("spee=1000000"), "{screen}");
    let corrected = "blockdev-mirror sync=full device=n0 target=n1 job-id=j speed=1000000";
    terminal.keys(corrected, &["Enter"]);
    // Events appear above the prompt, and nothing on the screen is lost.
    terminal.wait_for(&[
        "there is no `spee`",
        corrected,
        "{}",
        "* JOB_STATUS_CHANGE",
        "\"running\"",
        ">",
    ]);
}

fn job_to_its_end(terminal: &Terminal) {
    terminal.keys("jobs", &["Enter"]);
    terminal.wait_for(&["> jobs", "%", "left", "running"]);
    terminal.keys("", &["C-c"]);
    terminal.wait_for(&["interrupted", ">"]);
    terminal.keys("job-cancel id=", &["Tab"]);
    terminal.wait_for(&["> job-cancel id=j"]);
    terminal.keys("", &["Enter"]);
    terminal.wait_for(&["> job-cancel id=j", "aborting", "\"null\"", ">"]);
    terminal.keys("", &["Up"]);
    terminal.wait_for(&["> job-cancel id=j", "\"null\"", "> job-cancel id=j"]);
    terminal.keys("", &["C-c"]);
}

/// A transaction over several lines, of which one is wrong.
fn transaction(terminal: &Terminal, peer: &Peer) {
    terminal.keys("transaction(", &["Enter"]);
    terminal.keys("block-dirty-bitmap-ad", &["Tab"]);
    terminal.keys("node=n0 nam=b0", &["Enter"]);
    terminal.wait_for(&["^^^^^^ there is no `nam`"]);
    for name in ["b0", "b1"] {
        terminal.keys(&format!("block-dirty-bitmap-add node=n0 name={name}"), &["Enter"]);
    }
    terminal.keys(")", &["Enter"]);
    terminal.wait_for(&["there is no `nam`", "name=b0", "name=b1", ")", "{}", ">"]);
    let nodes = peer.call(&["query-named-block-nodes"]).out;
    for name in ["\"name\":\"b0\"", "\"name\":\"b1\""] {
        assert!(nodes.contains(name), "{nodes}");
    }
}

/// QEMU's guest agent, which needs no virtual machine to listen on a socket.
struct GuestAgent {
    folder: TempDir,
    child: Child,
}

impl GuestAgent {
    /// `None` if it is not installed.
    fn start() -> Option<Self> {
        let program = surroundings::peer("qemu-ga")?;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let child = Command::new(program)
            .args(["--method", "unix-listen", "--path"])
            .arg(path("socket"))
            .arg("--statedir")
            .arg(folder.path())
            .arg("--pidfile")
            .arg(path("pid"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + LIMIT;
        while !path("socket").exists() {
            assert!(Instant::now() < end, "the agent does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(Self { folder, child })
    }
}

impl Drop for GuestAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_session_with_the_guest_agent() {
    let Some(agent) = GuestAgent::start() else { return };
    let words = format!("--agent '{}'", agent.folder.path().join("socket").display());
    let Some(terminal) = Terminal::start_with(&words) else { return };
    terminal.keys("guest-sync id=1234", &["Enter"]);
    terminal.wait_for(&["> guest-sync id=1234", "1234", ">"]);
    terminal.keys("guest-pin", &["Enter"]);
    terminal.wait_for(&["> guest-pin", "has not been found", ">"]);
}

#[test]
fn events_appear_above_a_line_that_is_being_written() {
    let server = TestServer::start();
    let Some(terminal) = Terminal::start(&server.address()) else { return };
    terminal.keys("disk-add name=", &[]);
    terminal.wait_for(&["> disk-add name="]);
    assert_eq!(crate::qapi(&["call", &server.address(), "disk-add", "name=other"]).status, 0);
    terminal.wait_for(&["* DISK_ADDED {\"name\":\"other\"}", "> disk-add name="]);
    terminal.keys("mine", &["Enter"]);
    terminal.wait_for(&[
        "> disk-add name=mine",
        "\"name\": ",
        "* DISK_ADDED {\"name\":\"mine\"}",
    ]);
}

#[test]
fn the_shell_connects_again() {
    let mut server = TestServer::start();
    let Some(terminal) = Terminal::start(&server.address()) else { return };
    server.restart();
    terminal.wait_for(&["connecting again", "connected again"]);
    terminal.keys("disk-add name=a", &["Enter"]);
    terminal.wait_for(&["> disk-add name=a", "\"a\""]);
}
