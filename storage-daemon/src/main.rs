//! The program `storage-daemon`: parses the command line and carries it out.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use qapi_core::Registry;
use storage_daemon::daemon;
use storage_daemon::demo;
use storage_daemon::options::{HELP, Invocation, list_commands, version_text};

fn main() -> ExitCode {
    log_warnings();
    match carry_out() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Unlike `eprintln!`, this does not panic if standard error is closed.
            let _ = writeln!(io::stderr(), "{}: {error}", env!("CARGO_PKG_NAME"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out() -> Result<(), Box<dyn Error>> {
    match Invocation::parse(std::env::args_os().skip(1))? {
        Invocation::Demo => demo::run()?,
        Invocation::Help => print(HELP)?,
        Invocation::Version => print(&version_text(&daemon::version()))?,
        Invocation::ListCommands => print(&list_commands(&Registry::collect()?))?,
        Invocation::Serve(settings) if settings.daemonize => daemon::background::run(&settings)?,
        Invocation::Serve(settings) => daemon::run(&settings, |_shutdown| Ok(()))?,
    }
    Ok(())
}

/// Prints the warnings of the libraries to standard error.
fn log_warnings() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(io::stderr)
        .with_target(false)
        .without_time()
        // A failure to write a record would be reported with `eprintln!`, which panics if standard
        // error is closed.
        .log_internal_errors(false)
        .init();
}

fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // The reader has closed the pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
