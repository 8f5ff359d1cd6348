//! Programs that the tool starts: servers on standard input and output, and `ssh`.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tempfile::TempDir;

/// The time for a server to end after the end of its input, before it gets a signal.
const END_OF_INPUT: Duration = Duration::from_millis(200);

/// The time for a program to end after `SIGTERM`, before it is killed.
const TERMINATION: Duration = Duration::from_secs(2);

/// A program that the tool started. It ends when this value is dropped.
pub(super) struct ServerProcess {
    child: Child,
    /// The time between the end of its input and `SIGTERM`.
    patience: Duration,
    /// The folder of the socket that `ssh` made, removed after the program has ended.
    _folder: Option<TempDir>,
}

impl ServerProcess {
    /// Starts a server on its standard input and output, which are a socket.
    ///
    /// The program stays in the tool's process group, so that an interrupt from the terminal
    /// reaches it.
    pub(super) fn serve(words: &[String]) -> io::Result<(UnixStream, Self)> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let (own, other) = UnixStream::pair()?;
        let input = OwnedFd::from(other.try_clone()?);
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(OwnedFd::from(other)))
            .spawn()?;
        Ok((own, Self { child, patience: END_OF_INPUT, _folder: None }))
    }

    /// A program whose connection has another end.
    pub(super) fn forwarder(child: Child, folder: TempDir) -> Self {
        Self { child, patience: Duration::ZERO, _folder: Some(folder) }
    }

    /// Whether the program has ended by itself.
    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits until the program has ended, `limit` at most.
    fn wait(&mut self, limit: Duration) -> io::Result<bool> {
        if self.has_ended()? {
            return Ok(true);
        }
        let Some(pid) = self.pid() else { return Ok(false) };
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let limit = Timespec::try_from(limit).map_err(|_| io::ErrorKind::InvalidInput)?;
        poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit))?;
        self.has_ended()
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().try_into().ok()?)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if self.wait(self.patience).unwrap_or(false) {
            return;
        }
        if let Some(pid) = self.pid() {
            // An error means that the program has ended.
            let _ = kill_process(pid, Signal::TERM);
        }
        if !self.wait(TERMINATION).unwrap_or(false) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
