//! `qapi man`: manual pages.

use std::path::PathBuf;

use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// Print the manual page, or write a page for each subcommand
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write `qapi.1` and a page for each subcommand, as `qapi-call.1`, to this folder.
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Writes the pages of `program`.
pub(crate) fn run(options: &Options, program: clap::Command) -> Result {
    match &options.output {
        Some(folder) => clap_mangen::generate_to(program, folder).map_err(|error| {
            Failure::Refused(format!("cannot write to {}: {error}", folder.display()))
        }),
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(program).render(&mut page).map_err(Failure::Output)?;
            write_stdout(&page)
        }
    }
}
