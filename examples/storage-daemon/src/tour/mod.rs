//! The tour: what this program does when it is started without options.
//!
//! It serves itself on a private socket in a temporary folder, and is its own client: it makes an
//! image with data, copies it to qcow2 by a job that is paused, slowed down and let go, shows every
//! message, and compares the copy with the original. Nothing stays behind.

mod client;
mod images;
mod screen;

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use qapi_core::Shutdown;
use serde_json::{Value, json};

use crate::daemon::{self, DaemonError};
use crate::options::{Settings, Step, StepKind};
use client::Client;
use screen::Screen;

/// The size of the image, in bytes.
const IMAGE_SIZE: u64 = 256 << 20;

/// The rate at which the job begins, in bytes a second: slow enough to be watched.
const SLOW: u64 = 32 << 20;

/// The rate at which the job goes on after its pause.
const FASTER: u64 = 96 << 20;

/// How far the job goes before it is paused, and before it is let go: in bytes.
const PAUSE_AT: u64 = 48 << 20;
const LET_GO_AT: u64 = 128 << 20;

/// How long the pause lasts, and how long the tour waits between two looks at the progress.
const PAUSE: Duration = Duration::from_millis(700);
const LOOK: Duration = Duration::from_millis(250);

/// Why the tour did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum TourError {
    /// The daemon could not be started.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// Reading, writing or showing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The daemon answered otherwise than expected.
    #[error("{0}")]
    Unexpected(String),
    /// The copy is not what the original is.
    #[error("The copy differs from the original at offset {0}")]
    Different(u64),
    /// The images could not be read.
    #[error("{0}")]
    Image(#[from] crate::error::Error),
    /// The daemon is gone: somebody pressed ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// Gives the tour. Somebody who interrupts it has seen enough: that is no error.
///
/// # Errors
/// Something did not work as it should.
pub fn run() -> Result<(), TourError> {
    let screen = Screen::new();
    let result = in_temporary_folder(&screen);
    match result {
        Err(TourError::Interrupted) => Ok(screen.say("Interrupted; everything is cleaned up.")?),
        // Whoever was watching has left.
        Err(TourError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn in_temporary_folder(screen: &Screen) -> Result<(), TourError> {
    let folder = tempfile::Builder::new().prefix("storage-daemon-tour-").tempdir()?;
    let result = with_daemon(screen, folder.path());
    folder.close()?;
    result
}

fn with_daemon(screen: &Screen, folder: &Path) -> Result<(), TourError> {
    let socket = folder.join("qmp.sock");
    screen.title("A storage daemon, serving QMP on a private socket")?;
    screen.say(&format!("{}", socket.display()))?;
    let daemon = Daemon::start(&socket)?;
    let result = Client::connect(&socket, screen).and_then(|client| {
        let mut tour = Tour { client, screen, folder };
        tour.script()
    });
    let ended = daemon.end();
    result.and(ended)
}

/// The daemon, on a thread of its own.
struct Daemon {
    thread: JoinHandle<Result<(), DaemonError>>,
    shutdown: Shutdown,
}

impl Daemon {
    /// Starts a daemon, and waits until it listens on `socket`.
    fn start(socket: &Path) -> Result<Self, TourError> {
        let path = socket.to_string_lossy().replace(',', ",,");
        let step = |kind, argument| Step { kind, argument };
        let settings = Settings {
            steps: vec![
                step(StepKind::Chardev, format!("socket,id=tour,path={path},server=on,wait=off")),
                step(StepKind::Monitor, "tour".to_owned()),
            ],
            ..Settings::default()
        };
        let (ready, is_ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            daemon::run(&settings, |shutdown| {
                ready.send(shutdown.clone()).map_err(io::Error::other)
            })
        });
        match is_ready.recv() {
            Ok(shutdown) => Ok(Self { thread, shutdown }),
            // It has ended before it was ready.
            Err(_) => Err(join(thread).err().unwrap_or(TourError::Interrupted)),
        }
    }

    /// Ends the daemon, if it has not ended, and waits until it has cleaned up.
    fn end(self) -> Result<(), TourError> {
        self.shutdown.request();
        join(self.thread)
    }
}

fn join(thread: JoinHandle<Result<(), DaemonError>>) -> Result<(), TourError> {
    match thread.join() {
        Ok(result) => Ok(result?),
        Err(_) => Err(TourError::Unexpected("The daemon panicked".to_owned())),
    }
}

/// The tour under way.
struct Tour<'a> {
    client: Client<'a>,
    screen: &'a Screen,
    folder: &'a Path,
}

impl Tour<'_> {
    fn script(&mut self) -> Result<(), TourError> {
        self.screen.title("Capabilities are negotiated before anything else")?;
        self.client.greeting()?;
        self.client.execute("qmp_capabilities", json!({}))?;

        self.screen.title("An image of 256 MiB, with data and with holes")?;
        let source = self.path("source.raw");
        images::make(Path::new(&source), IMAGE_SIZE)?;
        self.screen.say(&source)?;
        self.add_source(&source)?;

        self.screen.title("A qcow2 image of that size, made by jobs")?;
        let target = self.path("copy.qcow2");
        self.make_target(&target)?;

        self.screen.title("A backup, slow at first, with a pause")?;
        self.backup()?;

        self.screen.title("The nodes are closed, and the copy is compared byte for byte")?;
        for node in ["source", "copy"] {
            self.client.execute("blockdev-del", json!({"node-name": node}))?;
        }
        let compared = images::compare(&source, &target)?;
        self.screen.say(&format!("{compared} bytes are the same."))?;

        self.screen.title("The end: the daemon ends, and the folder goes")?;
        self.client.execute("quit", json!({}))
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    fn add_source(&mut self, path: &str) -> Result<(), TourError> {
        let file = json!({"driver": "file", "filename": path});
        let node = json!({
            "driver": "raw", "node-name": "source", "read-only": true, "file": file,
        });
        self.client.execute("blockdev-add", node)
    }

    fn make_target(&mut self, path: &str) -> Result<(), TourError> {
        self.create(json!({"driver": "file", "filename": path, "size": 0}))?;
        let file = json!({"driver": "file", "filename": path});
        self.create(json!({"driver": "qcow2", "file": file, "size": IMAGE_SIZE}))?;
        let node = json!({"driver": "qcow2", "node-name": "copy", "file": file});
        self.client.execute("blockdev-add", node)
    }

    /// Runs a job that makes an image, and dismisses it.
    fn create(&mut self, options: Value) -> Result<(), TourError> {
        let arguments = json!({"job-id": "create0", "options": options});
        self.client.execute("blockdev-create", arguments)?;
        self.client.wait_for_status("create0", "concluded")?;
        self.client.expect_success("create0")?;
        self.client.execute("job-dismiss", json!({"id": "create0"}))
    }

    fn backup(&mut self) -> Result<(), TourError> {
        let arguments = json!({
            "job-id": "backup0", "device": "source", "target": "copy", "sync": "full",
            "speed": SLOW, "auto-dismiss": false,
        });
        let progress = self.screen.progress(IMAGE_SIZE);
        self.client.execute("blockdev-backup", arguments)?;
        self.watch(&progress, PAUSE_AT)?;

        self.client.execute("job-pause", json!({"id": "backup0"}))?;
        self.client.wait_for_status("backup0", "paused")?;
        std::thread::sleep(PAUSE);
        let speed = json!({"device": "backup0", "speed": FASTER});
        self.client.execute("block-job-set-speed", speed)?;
        self.client.execute("job-resume", json!({"id": "backup0"}))?;
        self.watch(&progress, LET_GO_AT)?;

        let unlimited = json!({"device": "backup0", "speed": 0});
        self.client.execute("block-job-set-speed", unlimited)?;
        self.watch(&progress, u64::MAX)?;
        progress.finish()?;

        self.client.expect_success("backup0")?;
        self.client.execute("job-dismiss", json!({"id": "backup0"}))
    }

    /// Shows the progress of the backup until it has come to `mark` or is over.
    fn watch(&mut self, progress: &screen::Progress<'_>, mark: u64) -> Result<(), TourError> {
        loop {
            let job = self.client.job("backup0")?;
            progress.set(job.done)?;
            if job.done >= mark || job.is_concluded() {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }
}
