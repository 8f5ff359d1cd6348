//! A client of the daemon that shows what it says and hears.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::TourError;
use super::screen::Screen;

/// How long the daemon may take to answer. The tour as a whole is to take half a minute.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of the daemon.
pub(super) struct Client<'a> {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
    screen: &'a Screen,
    /// Events that nobody has waited for yet.
    events: Vec<Value>,
}

/// A job, as `query-jobs` shows it.
pub(super) struct JobView {
    /// What is done, in bytes.
    pub(super) done: u64,
    status: String,
    error: Option<String>,
}

impl JobView {
    /// Whether the job is over.
    pub(super) fn is_concluded(&self) -> bool {
        self.status == "concluded"
    }
}

impl<'a> Client<'a> {
    /// Connects to the daemon that listens at `socket`.
    pub(super) fn connect(socket: &Path, screen: &'a Screen) -> Result<Self, TourError> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let reader = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, reader, screen, events: Vec::new() })
    }

    /// Takes the greeting.
    pub(super) fn greeting(&mut self) -> Result<(), TourError> {
        self.receive().map(drop)
    }

    /// Executes a command that returns nothing.
    pub(super) fn execute(&mut self, command: &str, arguments: Value) -> Result<(), TourError> {
        self.query(command, arguments).map(drop)
    }

    /// Executes a command, and returns what it returns.
    fn query(&mut self, command: &str, arguments: Value) -> Result<Value, TourError> {
        let mut message = json!({"execute": command});
        if arguments.as_object().is_some_and(|arguments| !arguments.is_empty()) {
            message["arguments"] = arguments;
        }
        let text = message.to_string();
        self.screen.say(&format!("-> {text}"))?;
        match self.stream.write_all(text.as_bytes()) {
            Err(error) if is_hang_up(&error) => return Err(TourError::Interrupted),
            result => result?,
        }
        loop {
            let mut message = self.receive()?;
            if message.get("event").is_some() {
                self.events.push(message);
            } else if let Some(error) = message.get("error") {
                return Err(TourError::Unexpected(format!("{command} failed: {error}")));
            } else {
                return Ok(message["return"].take());
            }
        }
    }

    /// Waits for the event that says that job `id` has come to `status`.
    pub(super) fn wait_for_status(&mut self, id: &str, status: &str) -> Result<(), TourError> {
        let is_meant = |event: &Value| {
            event["event"] == "JOB_STATUS_CHANGE"
                && event["data"]["id"] == id
                && event["data"]["status"] == status
        };
        loop {
            if let Some(position) = self.events.iter().position(is_meant) {
                // What came before has been passed by.
                self.events.drain(..=position);
                return Ok(());
            }
            let event = self.receive()?;
            self.events.push(event);
        }
    }

    /// What `query-jobs` says of job `id`.
    pub(super) fn job(&mut self, id: &str) -> Result<JobView, TourError> {
        let jobs = self.query("query-jobs", json!({}))?;
        let job = jobs.as_array().into_iter().flatten().find(|job| job["id"] == id);
        let job = job.ok_or_else(|| TourError::Unexpected(format!("The job {id} is gone")))?;
        Ok(JobView {
            done: job["current-progress"].as_u64().unwrap_or(0),
            status: job["status"].as_str().unwrap_or_default().to_owned(),
            error: job["error"].as_str().map(str::to_owned),
        })
    }

    /// Checks that job `id`, which is over, has succeeded.
    pub(super) fn expect_success(&mut self, id: &str) -> Result<(), TourError> {
        match self.job(id)?.error {
            None => Ok(()),
            Some(error) => Err(TourError::Unexpected(format!("The job {id} failed: {error}"))),
        }
    }

    /// Takes a message from the daemon.
    fn receive(&mut self) -> Result<Value, TourError> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => return Err(TourError::Interrupted),
            Err(error) if is_hang_up(&error) => return Err(TourError::Interrupted),
            result => result?,
        };
        let line = line.trim_end();
        self.screen.say(&format!("<- {line}"))?;
        serde_json::from_str(line)
            .map_err(|error| TourError::Unexpected(format!("{line} is no message: {error}")))
    }
}

/// Whether the daemon has gone, as it does when the tour is interrupted: with a message of ours
/// unread, the system says so by an error.
fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
