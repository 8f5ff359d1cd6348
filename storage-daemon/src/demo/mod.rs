//! The demo, which runs when the program is started without options.
//!
//! The demo starts a daemon in a temporary folder, and connects to it as a client. The demo creates
//! an image, and copies the image to qcow2 twice. The first copy is made by a backup, which the
//! demo pauses and runs at several speeds. The second copy is made by a mirror, which the demo
//! completes when the mirror is ready. The demo prints every message, compares the copies with the
//! original, and removes the folder.

mod client;
mod images;
mod screen;

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use job::JobStatus;
use job::qmp::{job_complete, job_dismiss, job_pause, job_resume};
use qapi_core::Shutdown;
use qapi_core::commands::control::quit;
use serde_json::{Value, json};

use crate::commands::block_job::block_job_set_speed;
use crate::commands::blockdev::blockdev_del;
use crate::daemon::{self, DaemonError};
use crate::options::{Settings, Step, StepKind};
use client::Client;
use screen::Screen;

/// The size of the image, in bytes.
const IMAGE_SIZE: u64 = 256 << 20;

/// The initial rate limit of the backup, in bytes per second: slow enough for a user to watch.
const SLOW: i64 = 32 << 20;

/// The rate limit after the pause, in bytes per second.
const FASTER: i64 = 96 << 20;

/// The progress at which the backup is paused, in bytes.
const PAUSE_AT: i64 = 48 << 20;

/// The progress at which the rate limit is removed, in bytes.
const UNLIMITED_AT: i64 = 128 << 20;

/// The length of the pause.
const PAUSE: Duration = Duration::from_millis(700);

/// The interval between two queries of the progress.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// What the user has seen, and what to try next.
const CLOSING_LINES: [&str; 8] = [
    "\nShown",
    "  Jobs that clients create, pause, resume, limit, complete and dismiss over QMP.",
    "  Events to clients, in order with the replies.",
    "  A raw image and two qcow2 images, which `qemu-img` reads too.",
    "\nTry next",
    "  storage-daemon --list-commands           all commands, with their source lines",
    "  storage-daemon --chardev socket,id=q,path=/tmp/sd.sock,server=on,wait=off --monitor q",
    "  cargo run -p hello /tmp/hello.sock       a daemon to copy from, in 70 lines",
];

/// The reason why the demo did not reach its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The daemon could not be started.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// An I/O error.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The daemon gave an unexpected reply.
    #[error("{0}")]
    Unexpected(String),
    /// The copy differs from the original.
    #[error("The copy differs from the original at offset {0}")]
    Different(u64),
    /// An image could not be read.
    #[error("{0}")]
    Image(#[from] block::error::Error),
    /// A signal has ended the daemon.
    #[error("interrupted")]
    Interrupted,
}

/// Runs the demo. An interruption by a signal is not an error.
///
/// # Errors
/// [`DemoError`], except [`DemoError::Interrupted`].
pub fn run() -> Result<(), DemoError> {
    let screen = Screen::new();
    let result = match in_temporary_folder(&screen) {
        Err(DemoError::Interrupted) => {
            screen.say("Interrupted; everything is cleaned up.").map_err(DemoError::Io)
        }
        result => result,
    };
    match result {
        // The reader of the output has closed the pipe.
        Err(DemoError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn in_temporary_folder(screen: &Screen) -> Result<(), DemoError> {
    let folder = tempfile::Builder::new().prefix("storage-daemon-demo-").tempdir()?;
    let result = with_daemon(screen, folder.path());
    folder.close()?;
    result?;
    CLOSING_LINES.iter().try_for_each(|line| Ok(screen.say(line)?))
}

fn with_daemon(screen: &Screen, folder: &Path) -> Result<(), DemoError> {
    let socket = folder.join("qmp.sock");
    screen.title("A storage daemon, serving QMP on a private socket")?;
    screen.say(&format!("{}", socket.display()))?;
    let daemon = Daemon::start(&socket)?;
    let result = with_client(&socket, screen, folder);
    let ended = daemon.end();
    result.and(ended)
}

/// Runs the demo with the daemon that listens at `socket`.
fn with_client(socket: &Path, screen: &Screen, folder: &Path) -> Result<(), DemoError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        screen.title("Capabilities are negotiated before anything else")?;
        let client = Client::connect(socket, screen).await?;
        Demo { client, screen, folder }.script().await
    })
}

/// A daemon on a thread of its own.
struct Daemon {
    thread: JoinHandle<Result<(), DaemonError>>,
    shutdown: Shutdown,
}

impl Daemon {
    /// Starts a daemon, and waits until it listens on `socket`.
    fn start(socket: &Path) -> Result<Self, DemoError> {
        let path = socket.to_string_lossy().replace(',', ",,");
        let step = |kind, argument| Step { kind, argument };
        let settings = Settings {
            steps: vec![
                step(StepKind::Chardev, format!("socket,id=demo,path={path},server=on,wait=off")),
                step(StepKind::Monitor, "demo".to_owned()),
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
            // The daemon has ended before it was ready.
            Err(_) => Err(join(thread).err().unwrap_or(DemoError::Interrupted)),
        }
    }

    /// Ends the daemon, if it still runs, and waits until it has cleaned up.
    fn end(self) -> Result<(), DemoError> {
        self.shutdown.request();
        join(self.thread)
    }
}

fn join(thread: JoinHandle<Result<(), DaemonError>>) -> Result<(), DemoError> {
    match thread.join() {
        Ok(result) => Ok(result?),
        Err(_) => Err(DemoError::Unexpected("The daemon panicked".to_owned())),
    }
}

/// The running demo.
struct Demo<'a> {
    client: Client,
    screen: &'a Screen,
    folder: &'a Path,
}

impl Demo<'_> {
    async fn script(&mut self) -> Result<(), DemoError> {
        self.screen.title("An image of 256 MiB, with data and with holes")?;
        let source = self.path("source.raw");
        images::create(Path::new(&source), IMAGE_SIZE)?;
        self.screen.say(&source)?;
        self.add_source(&source).await?;

        self.screen.title("A qcow2 image of that size, made by jobs")?;
        let target = self.path("copy.qcow2");
        self.make_target("copy", &target).await?;

        self.screen.title("A backup, slow at first, with a pause")?;
        self.backup().await?;

        self.screen.title("A mirror, which follows its source until it is completed")?;
        let mirror = self.path("mirror.qcow2");
        self.make_target("mirror", &mirror).await?;
        self.mirror().await?;

        self.screen.title("The nodes are closed, and the copies are compared byte for byte")?;
        for node_name in ["source", "copy", "mirror"] {
            self.client.execute(&blockdev_del { node_name }).await?;
        }
        for copy in [target, mirror] {
            let compared = images::compare(&source, &copy)?;
            self.screen.say(&format!("{compared} bytes are the same."))?;
        }

        self.screen.title("The end: the daemon ends, and the folder goes")?;
        self.client.execute(&quit {}).await
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    async fn add_source(&mut self, path: &str) -> Result<(), DemoError> {
        let file = json!({"driver": "file", "filename": path});
        let node = json!({
            "driver": "raw", "node-name": "source", "read-only": true, "file": file,
        });
        self.client.call("blockdev-add", &node).await
    }

    async fn make_target(&mut self, node_name: &str, path: &str) -> Result<(), DemoError> {
        self.create(json!({"driver": "file", "filename": path, "size": 0})).await?;
        let file = json!({"driver": "file", "filename": path});
        self.create(json!({"driver": "qcow2", "file": file, "size": IMAGE_SIZE})).await?;
        let node = json!({"driver": "qcow2", "node-name": node_name, "file": file});
        self.client.call("blockdev-add", &node).await
    }

    /// Runs a job that creates an image, and dismisses the job.
    async fn create(&mut self, options: Value) -> Result<(), DemoError> {
        let arguments = json!({"job-id": "create0", "options": options});
        self.client.call("blockdev-create", &arguments).await?;
        self.client.wait_for_status("create0", JobStatus::Concluded).await?;
        self.client.expect_success("create0").await?;
        self.client.execute(&job_dismiss { id: "create0" }).await
    }

    async fn backup(&mut self) -> Result<(), DemoError> {
        let (id, device) = ("backup0", "backup0");
        let arguments = json!({
            "job-id": id, "device": "source", "target": "copy", "sync": "full",
            "speed": SLOW, "auto-dismiss": false,
        });
        let progress = self.screen.progress(IMAGE_SIZE);
        self.client.call("blockdev-backup", &arguments).await?;
        self.show_progress(id, &progress, PAUSE_AT).await?;

        self.client.execute(&job_pause { id }).await?;
        self.client.wait_for_status(id, JobStatus::Paused).await?;
        tokio::time::sleep(PAUSE).await;
        self.client.execute(&block_job_set_speed { device, speed: FASTER }).await?;
        self.client.execute(&job_resume { id }).await?;
        self.show_progress(id, &progress, UNLIMITED_AT).await?;

        self.client.execute(&block_job_set_speed { device, speed: 0 }).await?;
        self.show_progress(id, &progress, i64::MAX).await?;
        progress.finish()?;

        self.client.expect_success(id).await?;
        self.client.execute(&job_dismiss { id }).await
    }

    async fn mirror(&mut self) -> Result<(), DemoError> {
        let id = "mirror0";
        let arguments = json!({
            "job-id": id, "device": "source", "target": "mirror", "sync": "full",
            "auto-dismiss": false,
        });
        self.client.call("blockdev-mirror", &arguments).await?;
        self.client.wait_for_status(id, JobStatus::Ready).await?;
        self.client.execute(&job_complete { id }).await?;
        self.client.wait_for_status(id, JobStatus::Concluded).await?;
        self.client.expect_success(id).await?;
        self.client.execute(&job_dismiss { id }).await
    }

    /// Shows the progress of a job until the progress reaches `target` or the job is concluded.
    async fn show_progress(
        &mut self,
        id: &str,
        progress: &screen::Progress<'_>,
        target: i64,
    ) -> Result<(), DemoError> {
        loop {
            let job = self.client.job(id).await?;
            progress.set(job.current_progress.cast_unsigned())?;
            if job.current_progress >= target || job.status == JobStatus::Concluded {
                return Ok(());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}
