//! `--daemonize`: going to the background.
//!
//! The process that was started exits only when the daemon in the background is ready, or has
//! failed to start. A pipe from the daemon carries that message.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};

use daemonize::{Daemonize, Outcome, Stdio};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::DaemonError;
use crate::options::Settings;

/// Files that the daemon creates are not accessible to everyone.
const UMASK: u32 = 0o027;

/// The message of a daemon that is ready. No error text begins with this byte.
const READY: u8 = 1;

/// Runs a daemon in the background. In the process that was started, returns as soon as clients can
/// connect; in the background, returns when the daemon ends.
///
/// Must be called while the process has a single thread, as only that thread goes to the
/// background.
///
/// # Errors
/// Those of [`run`](super::run), as [`DaemonError::Background`], in the process that was started.
/// Errors of a daemon that is ready are only logged.
pub fn run(settings: &Settings) -> Result<(), DaemonError> {
    let (reader, writer) = io::pipe()?;
    let background = Daemonize::new()
        .working_directory(std::env::current_dir()?)
        .umask(UMASK)
        // Warnings appear in the terminal until the daemon is ready.
        .stdout(Stdio::keep())
        .stderr(Stdio::keep());
    match background.execute() {
        Outcome::Parent(Ok(_)) => {
            drop(writer);
            wait_until_ready(reader)
        }
        Outcome::Child(Ok(_)) => {
            drop(reader);
            serve(settings, writer);
            Ok(())
        }
        Outcome::Parent(Err(error)) | Outcome::Child(Err(error)) => {
            Err(DaemonError::Daemonize(error))
        }
    }
}

/// Reads the daemon's message: that it is ready, or its error.
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

/// Runs the daemon, and writes its error to the pipe.
fn serve(settings: &Settings, mut writer: PipeWriter) {
    let result = super::run(settings, |_shutdown| detach(&mut writer));
    if let Err(error) = result
        && writer.write_all(error.to_string().as_bytes()).is_err()
    {
        // The daemon was ready, so that the other process is gone.
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
