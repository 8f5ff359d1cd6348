//! A client of the daemon that prints every message.

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

/// The time-out for a reply. The demo as a whole takes half a minute at most.
const REPLY_TIMEOUT: Duration = Duration::from_secs(20);

/// A client of the daemon.
pub(super) struct Client(client::Client);

impl Client {
    /// Connects to the daemon that listens at `socket`, and negotiates.
    pub(super) async fn connect(socket: &Path, screen: &Screen) -> Result<Self, DemoError> {
        let (reader, writer) = UnixStream::connect(socket).await?.into_split();
        let (mut lines, screen_of_writer) = (Lines::new(screen.clone()), screen.clone());
        let reader = InspectReader::new(reader, move |bytes| lines.receive(bytes));
        let writer =
            InspectWriter::new(writer, move |bytes| show(&screen_of_writer, "->", bytes));
        let negotiated = client::Client::over(tokio::io::join(reader, writer));
        in_time(negotiated).await.map(Self)
    }

    /// Executes a command, and returns its result.
    pub(super) async fn execute<C: QapiCommand>(
        &mut self,
        command: &C,
    ) -> Result<C::Return, DemoError> {
        in_time(self.0.execute(command)).await
    }

    /// Executes a command without a return value, with arguments in JSON. For a command with many
    /// optional arguments, JSON is shorter than the command's struct.
    pub(super) async fn call(
        &mut self,
        command: &str,
        arguments: &Value,
    ) -> Result<(), DemoError> {
        in_time(self.0.call_with(command, arguments)).await
    }

    /// Waits for the event that job `id` has reached `status`.
    pub(super) async fn wait_for_status(
        &mut self,
        id: &str,
        status: JobStatus,
    ) -> Result<(), DemoError> {
        loop {
            let change: JobStatusChange = in_time(self.0.next()).await?;
            if change.id == id && change.status == status {
                return Ok(());
            }
        }
    }

    /// The job `id`, as `query-jobs` returns it.
    pub(super) async fn job(&mut self, id: &str) -> Result<JobInfo, DemoError> {
        let jobs = self.execute(&query_jobs {}).await?;
        let job = jobs.into_iter().find(|job| job.id == id);
        job.ok_or_else(|| DemoError::Unexpected(format!("The job {id} is gone")))
    }

    /// Checks that job `id`, which is concluded, has succeeded.
    pub(super) async fn expect_success(&mut self, id: &str) -> Result<(), DemoError> {
        match self.job(id).await?.error {
            None => Ok(()),
            Some(error) => Err(DemoError::Unexpected(format!("The job {id} failed: {error}"))),
        }
    }
}

/// Splits received bytes into lines, and shows each line.
struct Lines {
    screen: Screen,
    incomplete: Vec<u8>,
}

impl Lines {
    fn new(screen: Screen) -> Self {
        Self { screen, incomplete: Vec::new() }
    }

    fn receive(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.incomplete.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                show(&self.screen, "<-", &self.incomplete);
                self.incomplete.clear();
            }
        }
    }
}

/// Shows a message. Ignores errors: if the output is closed, the next step of the demo fails.
fn show(screen: &Screen, direction: &str, message: &[u8]) {
    let text = String::from_utf8_lossy(message);
    let _ = screen.say(&format!("{direction} {}", text.trim_end()));
}

/// Waits for a reply, with a time-out.
async fn in_time<T>(reply: impl Future<Output = client::Result<T>>) -> Result<T, DemoError> {
    match tokio::time::timeout(REPLY_TIMEOUT, reply).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(DemoError::Unexpected("The daemon does not answer".to_owned())),
    }
}

impl From<ClientError> for DemoError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Closed => Self::Interrupted,
            ClientError::Io(error) if is_hang_up(&error) => Self::Interrupted,
            ClientError::Io(error) => Self::Io(error),
            error => Self::Unexpected(error.to_string()),
        }
    }
}

/// Whether the daemon has closed the connection with unread messages, as happens when a signal ends
/// the daemon.
fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
