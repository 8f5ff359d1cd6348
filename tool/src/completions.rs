//! `qapi completions`: completion scripts for shells.

use clap_complete::Shell;

use crate::output::write_stdout;
use crate::status::Result;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The shell.
    shell: Shell,
}

/// Writes the script for `program` to standard output.
pub(crate) fn run(options: &Options, mut program: clap::Command) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut program, "qapi", &mut script);
    write_stdout(&script)
}
