//! A storage daemon, ours or QEMU's, and its QMP client.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a reply, or a job, may take.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The beginning of the errors of a daemon that does not answer any more.
pub const BROKEN: &str = "the daemon does not answer: ";

/// A running daemon. It is killed when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    process: Child,
    stream: UnixStream,
    lines: Lines<BufReader<UnixStream>>,
    /// The events since the last call of [`Daemon::wait_for`].
    events: Vec<Value>,
    /// What the daemon has written to its standard error.
    log: PathBuf,
}

impl Daemon {
    /// Starts a program with its socket in a folder.
    ///
    /// # Errors
    /// The program cannot be started, or does not answer.
    pub fn start(program: &Path, folder: &Path) -> Result<Self, String> {
        let (socket, log) = (folder.join("qmp"), folder.join("log"));
        let _ = fs::remove_file(&socket);
        let output = fs::File::create(&log).map_err(text)?;
        let process = Command::new(program)
            .arg("--chardev")
            .arg(format!("socket,id=qmp,path={},server=on,wait=off", socket.display()))
            .args(["--monitor", "qmp"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .map_err(text)?;
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > TIMEOUT => return Err(error.to_string()),
                Err(_not_yet) => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        stream.set_read_timeout(Some(TIMEOUT)).map_err(text)?;
        let lines = BufReader::new(stream.try_clone().map_err(text)?).lines();
        let mut daemon = Daemon { process, stream, lines, events: Vec::new(), log };
        daemon.message()?;
        daemon.execute("qmp_capabilities", json!({}))?.map_err(text)?;
        Ok(daemon)
    }

    /// Executes a command. Returns its result, or the description of its error.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub fn execute(
        &mut self,
        command: &str,
        arguments: Value,
    ) -> Result<Result<Value, String>, String> {
        let message = json!({"execute": command, "arguments": arguments});
        self.stream
            .write_all(message.to_string().as_bytes())
            .map_err(|error| self.end(&error))?;
        loop {
            let mut message = self.message()?;
            if let Some(result) = message.get_mut("return") {
                return Ok(Ok(result.take()));
            }
            if let Some(error) = message.get("error") {
                return Ok(Err(error["desc"].as_str().unwrap_or_default().to_owned()));
            }
            self.events.push(message);
        }
    }

    /// Waits for an event for which `found` is true. Other events are dropped.
    ///
    /// # Errors
    /// The daemon ends, or sends no message for a time.
    pub fn wait_for(&mut self, found: impl Fn(&Value) -> bool) -> Result<Value, String> {
        let earlier = std::mem::take(&mut self.events);
        if let Some(event) = earlier.into_iter().find(&found) {
            return Ok(event);
        }
        loop {
            let message = self.message()?;
            if found(&message) {
                return Ok(message);
            }
        }
    }

    /// Waits until a job has concluded, and dismisses it. Returns its error.
    ///
    /// # Errors
    /// The daemon does not answer, or the job does not conclude in time.
    pub fn conclude(&mut self, job: &str) -> Result<Option<String>, String> {
        let start = Instant::now();
        loop {
            let jobs = self.execute("query-jobs", json!({}))?.map_err(text)?;
            let jobs = jobs.as_array().cloned().unwrap_or_default();
            let Some(found) = jobs.iter().find(|one| one["id"] == job) else {
                return Ok(None);
            };
            match found["status"].as_str() {
                Some("concluded") => {
                    let error = found["error"].as_str().map(str::to_owned);
                    self.execute("job-dismiss", json!({"id": job}))?.map_err(text)?;
                    return Ok(error);
                }
                Some("ready") => drop(self.execute("job-complete", json!({"id": job}))?),
                _running => {}
            }
            if start.elapsed() > TIMEOUT {
                return Err(format!("{BROKEN}the job does not conclude: {found}"));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    fn message(&mut self) -> Result<Value, String> {
        match self.lines.next() {
            Some(Ok(line)) => serde_json::from_str(&line).map_err(text),
            Some(Err(error)) => Err(self.end(&error)),
            None => Err(self.end(&"the connection is closed")),
        }
    }

    /// The reason why the daemon does not answer.
    fn end(&mut self, error: &dyn ToString) -> String {
        std::thread::sleep(Duration::from_millis(100));
        let status = self.process.try_wait().ok().flatten();
        let status = status.map_or_else(|| "running".to_owned(), |status| status.to_string());
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().last().unwrap_or_default().to_owned();
        format!("{BROKEN}{}; status: {status}; {last}", error.to_string())
    }

    /// The peak of resident memory in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
