//! `--daemonize`: going to the background.
//!
//! The started process exits only when the daemon in the background is ready, or has failed to
//! start. The daemon reports its readiness or its error through a pipe.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};

use qapi_core::Shutdown;
use rustix::fs::Mode;
use rustix::process::{setsid, umask};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::DaemonError;
use crate::options::Settings;

/// The file mode creation mask of the daemon. The group cannot write to files that the daemon
/// creates, and other users have no access to these files.
const UMASK: Mode = Mode::WGRP.union(Mode::RWXO);

/// The message of a daemon that is ready. No error text begins with this byte.
const READY: u8 = 1;

/// Runs a daemon in the background. Returns twice: in the started process, as soon as clients can
/// connect; in the background process, when the daemon ends.
///
/// Must be called while the process has a single thread: the background process has only the
/// calling thread.
///
/// # Errors
/// - [`DaemonError::Io`]: the process cannot go to the background.
/// - [`DaemonError::Background`]: the daemon cannot start. The started process returns the text of
///   the error of [`run`](super::run).
///
/// After the daemon is ready, its errors are only logged.
pub fn run(settings: &Settings) -> Result<(), DaemonError> {
    let (reader, writer) = io::pipe()?;
    match fork()? {
        Process::Parent => {
            drop(writer);
            wait_until_ready(reader)
        }
        Process::Child => {
            drop(reader);
            match leave_session() {
                // The process between the two has nothing left to do.
                Ok(Process::Parent) => {}
                Ok(Process::Child) => serve(settings, writer),
                Err(error) => report(&DaemonError::Daemonize(error.into()), writer),
            }
            Ok(())
        }
    }
}

/// The process in which a fork has returned.
enum Process {
    Parent,
    Child,
}

/// Creates a copy of this process, which must have a single thread.
fn fork() -> io::Result<Process> {
    // SAFETY: the copy has only the calling thread, and the documentation of `run` demands that
    // the process has no other one. So no lock is taken by a thread that is missing in the copy,
    // and the copy may execute any code.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Process::Child),
        _child => Ok(Process::Parent),
    }
}

/// Leaves the session of the terminal. Returns in two processes: the child does not lead the new
/// session, and so does not acquire a terminal that it opens.
fn leave_session() -> io::Result<Process> {
    setsid()?;
    umask(UMASK);
    fork()
}

/// Reads the daemon's message: [`READY`], or the text of an error.
fn wait_until_ready(mut reader: PipeReader) -> Result<(), DaemonError> {
    let mut message = vec![0];
    match reader.read_exact(&mut message) {
        Ok(()) if message == [READY] => return Ok(()),
        Ok(()) => {}
        // The daemon has exited without a message.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => message.clear(),
        Err(error) => return Err(error.into()),
    }
    reader.read_to_end(&mut message)?;
    Err(DaemonError::Background(String::from_utf8_lossy(&message).into_owned()))
}

/// Runs the daemon. Writes its error to the pipe, or to the log if the started process has exited.
fn serve(settings: &Settings, mut writer: PipeWriter) {
    // Warnings appear in the terminal until the daemon is ready.
    let mut log_guard = None;
    let ready = |_: &Shutdown| detach(&mut writer);
    let ended = super::run_logged(settings, async |_setup| Ok(()), ready, &mut log_guard);
    if let Err(error) = ended {
        report(&error, writer);
    }
}

/// Reports an error to the started process.
fn report(error: &DaemonError, mut writer: PipeWriter) {
    if writer.write_all(error.to_string().as_bytes()).is_err() {
        // The started process has exited, because the daemon was ready before it failed.
        tracing::error!(%error, "the daemon failed");
    }
}

/// Detaches the daemon from the terminal and its working directory, and reports that it is ready.
fn detach(writer: &mut PipeWriter) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    std::env::set_current_dir("/")?;
    writer.write_all(&[READY])
}
