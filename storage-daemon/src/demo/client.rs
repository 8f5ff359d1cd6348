//! A client of the daemon that shows what it says and hears.

use std::io;
use std::path::Path;
use std::time::Duration;

use job::qmp::query_jobs;
use job::{JobInfo, JobStatus, JobStatusChange};
use qapi_core::client::{self, ClientError, QapiCommand};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio_util::io::{InspectReader, InspectWriter};

use super::DemoError;
use super::screen::Screen;

/// How long the daemon may take to answer. The demo as a whole is to take half a minute.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of the daemon.
pub(super) struct Client(client::Client);

impl Client {
    /// Connects to the daemon that listens at `socket`, and negotiates.
    pub(super) async fn connect(socket: &Path, screen: &Screen) -> Result<Self, DemoError> {
        let (reader, writer) = UnixStream::connect(socket).await?.into_split();
        let (mut lines, screen_of_writer) = (Lines::new(screen.clone()), screen.clone());
        let reader = InspectReader::new(reader, move |bytes| lines.hear(bytes));
        let writer =
            InspectWriter::new(writer, move |bytes| show(&screen_of_writer, "->", bytes));
        let negotiated = client::Client::over(tokio::io::join(reader, writer));
        soon(negotiated).await.map(Self)
    }

    /// Executes a command, and returns what it returns.
    pub(super) async fn execute<C: QapiCommand>(
        &mut self,
        command: &C,
    ) -> Result<C::Return, DemoError> {
        soon(self.0.execute(command)).await
    }

    /// Executes a command that returns nothing, and most of whose arguments are left out: such
    /// are easier to read as JSON.
    pub(super) async fn call(
        &mut self,
        command: &str,
        arguments: &Value,
    ) -> Result<(), DemoError> {
        soon(self.0.call_with(command, arguments)).await
    }

    /// Waits for the event that says that job `id` has come to `status`.
    pub(super) async fn wait_for_status(
        &mut self,
        id: &str,
        status: JobStatus,
    ) -> Result<(), DemoError> {
        loop {
            let change: JobStatusChange = soon(self.0.next()).await?;
            if change.id == id && change.status == status {
                return Ok(());
            }
        }
    }

    /// What `query-jobs` says of job `id`.
    pub(super) async fn job(&mut self, id: &str) -> Result<JobInfo, DemoError> {
        let jobs = self.execute(&query_jobs {}).await?;
        let job = jobs.into_iter().find(|job| job.id == id);
        job.ok_or_else(|| DemoError::Unexpected(format!("The job {id} is gone")))
    }

    /// Checks that job `id`, which is over, has succeeded.
    pub(super) async fn expect_success(&mut self, id: &str) -> Result<(), DemoError> {
        match self.job(id).await?.error {
            None => Ok(()),
            Some(error) => Err(DemoError::Unexpected(format!("The job {id} failed: {error}"))),
        }
    }
}

/// What has been heard, cut into lines.
struct Lines {
    screen: Screen,
    begun: Vec<u8>,
}

impl Lines {
    fn new(screen: Screen) -> Self {
        Self { screen, begun: Vec::new() }
    }

    fn hear(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                show(&self.screen, "<-", &self.begun);
                self.begun.clear();
            }
        }
    }
}

/// Shows a message. That there is nobody to see it is found out by the next step of the demo.
fn show(screen: &Screen, direction: &str, message: &[u8]) {
    let text = String::from_utf8_lossy(message);
    let _ = screen.say(&format!("{direction} {}", text.trim_end()));
}

/// What `answer` brings, unless it takes too long.
async fn soon<T>(answer: impl Future<Output = client::Result<T>>) -> Result<T, DemoError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answered) => Ok(answered?),
        Err(_) => Err(DemoError::Unexpected("The daemon does not answer".to_owned())),
    }
}

impl From<ClientError> for DemoError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Closed => Self::Interrupted,
            ClientError::Io(error) if is_hang_up(&error) => Self::Interrupted,
            ClientError::Io(error) => Self::Io(error),
            ClientError::Command(_) | ClientError::Unexpected(_) => {
                Self::Unexpected(error.to_string())
            }
        }
    }
}

/// Whether the daemon has gone, as it does when the demo is interrupted: with a message of ours
/// unread, the system says so by an error.
fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
