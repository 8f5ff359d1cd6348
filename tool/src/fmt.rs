//! `qapi fmt`: the layout of schema files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use qapi_schema::format::{Unformatted, format};
use qapi_schema::read_from;

use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// Format schema files
///
/// Each FILE is written again in the layout of QEMU's own schema files; the files that it includes
/// are not. The meaning does not change: a file with a syntax error is left as it is. A file is
/// replaced at once and keeps its permissions; a symbolic link stays one.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A schema file; - formats standard input to standard output
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
    let is_stdin = path == Path::new("-");
    let error = |error: io::Error| format!("{}: {error}", path.display());
    let text =
        if is_stdin { read_from(io::stdin()) } else { File::open(path).and_then(read_from) };
    let text = text.map_err(error)?;
    let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let formatted = format(&name, &text).map_err(|refused| reason(&refused))?;
    let changes = formatted != text;
    if check {
        return Ok(changes);
    }
    if is_stdin {
        write_stdout(formatted.as_bytes()).map_err(|failure| failure.to_string())?;
    } else if changes {
        replace(path, &formatted).map_err(error)?;
    }
    Ok(changes)
}

/// Replaces the file to which the path leads. A reader sees the old text or the new one, and an
/// error leaves the old one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// The first syntax error, on one line.
fn reason(Unformatted { source, findings, .. }: &Unformatted) -> String {
    let first = findings.first().map_or("", |found| found.message.as_str());
    let line = findings.first().and_then(|found| found.place);
    let line = line.map_or_else(String::new, |place| format!(":{}", source.line(place.start)));
    format!("{}{line}: {first}", source.path())
}
