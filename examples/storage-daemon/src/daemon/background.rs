//! `--daemonize`: the program goes to the background, and says so once it is ready.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};

use daemonize::{Daemonize, Outcome, Stdio};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};
use qapi_core::Error;

use super::DaemonError;
use crate::options::Settings;

/// Files that the daemon makes are not for everyone.
const UMASK: u32 = 0o027;

/// What the daemon tells the process that started it.
const READY: u8 = 1;

/// Runs a daemon in the background. Returns in the process that started it as soon as clients can
/// connect, and in the background when the daemon ends.
///
/// Must be called while the process has one thread: only that one goes to the background.
///
/// # Errors
/// Those of [`run`](super::run); told by the background, and known in the process that started it
/// as [`DaemonError::Background`].
pub fn run(settings: &Settings) -> Result<(), DaemonError> {
    let (reader, writer) = io::pipe()?;
    let background = Daemonize::new()
        .working_directory(std::env::current_dir()?)
        .umask(UMASK)
        // What goes wrong at the start is told where the daemon was started.
        .stdout(Stdio::keep())
        .stderr(Stdio::keep());
    match background.execute() {
        Outcome::Parent(Ok(_)) => {
            drop(writer);
            wait_until_ready(reader)
        }
        Outcome::Child(Ok(_)) => {
            drop(reader);
            super::run(settings, |_shutdown| detach(writer))
        }
        Outcome::Parent(Err(error)) | Outcome::Child(Err(error)) => {
            Err(Error::generic(format!("Cannot go to the background: {error}")).into())
        }
    }
}

fn wait_until_ready(mut reader: PipeReader) -> Result<(), DaemonError> {
    let mut byte = [0];
    match reader.read_exact(&mut byte) {
        Ok(()) => Ok(()),
        // The other end closes when the daemon is gone.
        Err(_) => Err(DaemonError::Background),
    }
}

/// Lets go of the terminal and the directory where the daemon was started, and says it is ready.
fn detach(mut writer: PipeWriter) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    std::env::set_current_dir("/")?;
    writer.write_all(&[READY])
}
