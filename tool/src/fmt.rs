//! `qapi fmt`: the layout of schema files.

use std::fs;
use std::path::{Path, PathBuf};

use qapi_schema::format::{Unformatted, format};

use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// Format schema files
///
/// Each FILE is written again in the layout of QEMU's own schema files; the files that it includes
/// are not. The meaning does not change: a file with a syntax error is left as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A schema file
    #[arg(required = true)]
    file: Vec<PathBuf>,

    /// Write nothing; print the names of the files that would change, and end with status 1 if
    /// there are any
    #[arg(long)]
    check: bool,
}

/// Formats the files. An error in one file does not prevent that the others are formatted.
pub(crate) fn run(options: &Options) -> Result {
    let (mut changed, mut errors) = (0, Vec::new());
    for path in &options.file {
        match format_file(path, options.check) {
            Ok(false) => {}
            Ok(true) if options.check => {
                changed += 1;
                write_stdout(format!("{}\n", path.display()).as_bytes())?;
            }
            Ok(true) => {}
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(Failure::Check(errors.join("; ")));
    }
    if changed > 0 {
        let noun = if changed == 1 { "file is" } else { "files are" };
        return Err(Failure::Check(format!("{changed} {noun} not formatted")));
    }
    Ok(())
}

/// Whether the file changes. Writes it unless `check`.
fn format_file(path: &Path, check: bool) -> std::result::Result<bool, String> {
    let error = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(error)?;
    let formatted =
        format(&path.display().to_string(), &text).map_err(|refused| reason(&refused))?;
    let changes = formatted != text;
    if changes && !check {
        fs::write(path, formatted).map_err(error)?;
    }
    Ok(changes)
}

/// The first syntax error, on one line.
fn reason(Unformatted { source, findings, .. }: &Unformatted) -> String {
    let first = findings.first().map_or("", |found| found.message.as_str());
    let line = findings.first().and_then(|found| found.place);
    let line = line.map_or_else(String::new, |place| format!(":{}", source.line(place.start)));
    format!("{}{line}: {first}", source.path())
}
