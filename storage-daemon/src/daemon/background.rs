//! `--daemonize`: going to the background.
//!
//! The started process exits only when the daemon in the background is ready, or has failed to
//! start. The daemon reports its readiness or its error through a pipe.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};

use daemonize::{Daemonize, Outcome, Stdio};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::DaemonError;
use crate::options::Settings;

/// The file mode creation mask of the daemon. The group cannot write to files that the daemon
/// creates, and other users have no access to these files.
const UMASK: u32 = 0o027;

/// The message of a daemon that is ready. No error text begins with this byte.
const READY: u8 = 1;

/// Runs a daemon in the background. Returns twice: in the started process, as soon as clients can
/// connect; in the background process, when the daemon ends.
///
/// Must be called while the process has a single thread: the background process has only the
/// calling thread.
///
/// # Errors
/// - [`DaemonError::Io`] and [`DaemonError::Daemonize`]: the process cannot go to the background.
/// - [`DaemonError::Background`]: the daemon cannot start. The started process returns the text of
///   the error of [`run`](super::run).
///
/// After the daemon is ready, its errors are only logged.
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
    let result = super::run(settings, |_shutdown| detach(&mut writer));
    if let Err(error) = result
        && writer.write_all(error.to_string().as_bytes()).is_err()
    {
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
