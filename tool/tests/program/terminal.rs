//! `qapi shell` in a terminal: screens of tmux.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::peers::Peer;
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
        let tmux = surroundings::peer("tmux")?;
        let terminal = Self { tmux, folder: tempfile::tempdir().unwrap() };
        let state = terminal.folder.path().display().to_string();
        let command = format!(
            "XDG_STATE_HOME='{state}' '{}' shell '{address}'",
            env!("CARGO_BIN_EXE_qapi")
        );
        terminal.tmux(&["new-session", "-d", "-x", "200", "-y", "40", &command]);
        terminal.wait_for(&[">"]);
        Some(terminal)
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
fn a_session_with_qemu() {
    let Some(peer) = Peer::start() else { return };
    let Some(terminal) = Terminal::start(&peer.address("a")) else { return };
    peer.add_disks();

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
    terminal.keys("jobs", &["Enter"]);
    terminal.wait_for(&["> jobs", "%", "left", "running"]);
    terminal.keys("", &["C-c"]);
    terminal.wait_for(&["interrupted", ">"]);
    terminal.keys("job-cancel id=", &["Tab"]);
    terminal.wait_for(&["> job-cancel id=j"]);
    terminal.keys("", &["Enter"]);
    terminal.wait_for(&["> job-cancel id=j", "aborting", "\"null\"", ">"]);
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
