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

/// What the daemon tells the process that started it when all is well; no message begins so.
const READY: u8 = 1;

/// Runs a daemon in the background. Returns in the process that started it as soon as clients can
/// connect, and in the background when the daemon ends.
///
/// Must be called while the process has one thread: only that one goes to the background.
///
/// # Errors
/// Those of [`run`](super::run), as [`DaemonError::Background`], in the process that started the
/// daemon; what goes wrong later has nobody to be told to but the log.
pub fn run(settings: &Settings) -> Result<(), DaemonError> {
    let (reader, writer) = io::pipe()?;
    let background = Daemonize::new()
        .working_directory(std::env::current_dir()?)
        .umask(UMASK)
        // Warnings are seen where the daemon was started.
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
            Err(Error::generic(format!("Cannot go to the background: {error}")).into())
        }
    }
}

/// Takes the daemon's word: that it is ready, or why it is not.
fn wait_until_ready(mut reader: PipeReader) -> Result<(), DaemonError> {
    let mut word = vec![0];
    match reader.read_exact(&mut word) {
        Ok(()) if word == [READY] => return Ok(()),
        Ok(()) => {}
        // It is gone without a word.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => word.clear(),
        Err(error) => return Err(error.into()),
    }
    reader.read_to_end(&mut word)?;
    Err(DaemonError::Background(String::from_utf8_lossy(&word).into_owned()))
}

/// Runs the daemon, and tells the process that started it how that went.
fn serve(settings: &Settings, mut writer: PipeWriter) {
    let result = super::run(settings, |_shutdown| detach(&mut writer));
    if let Err(error) = result
        && writer.write_all(error.to_string().as_bytes()).is_err()
    {
        // It had been ready, and nobody listens any more.
        tracing::error!(%error, "the daemon failed");
    }
}

/// Lets go of the terminal and the directory where the daemon was started, and says it is ready.
fn detach(writer: &mut PipeWriter) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    std::env::set_current_dir("/")?;
    writer.write_all(&[READY])
}
