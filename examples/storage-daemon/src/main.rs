//! The program: reads the command line, and does what it says.

use std::io::{self, Write};
use std::process::ExitCode;

use qapi_core::Registry;
use storage_daemon::daemon::{self, DaemonError};
use storage_daemon::options::{HELP, Invocation, list_commands, version_text};
use storage_daemon::tour;

fn main() -> ExitCode {
    let invocation = match Invocation::parse(std::env::args_os().skip(1)) {
        Ok(invocation) => invocation,
        Err(error) => return fail(&error),
    };
    let done = match invocation {
        Invocation::Tour => {
            return match tour::run() {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error),
            };
        }
        Invocation::Help => print(HELP),
        Invocation::Version => print(&version_text(&daemon::version())),
        Invocation::ListCommands => match Registry::collect() {
            Ok(registry) => print(&list_commands(&registry)),
            Err(error) => return fail(&error),
        },
        Invocation::Serve(settings) if settings.daemonize => daemon::background::run(&settings),
        Invocation::Serve(settings) => daemon::run(&settings, |_shutdown| Ok(())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn print(text: &str) -> Result<(), DaemonError> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever read it has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{}: {error}", env!("CARGO_PKG_NAME"));
    ExitCode::FAILURE
}
