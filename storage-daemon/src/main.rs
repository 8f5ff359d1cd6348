//! The program `storage-daemon`: parses the command line and carries it out.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use qapi_core::Registry;
use storage_daemon::daemon;
use storage_daemon::demo;
use storage_daemon::options::{HELP, Invocation, list_commands, version_text};

fn main() -> ExitCode {
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

fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // The reader has closed the pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
