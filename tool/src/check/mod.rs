//! `qapi check`: errors of schema files.

mod drawing;
mod records;

use std::path::PathBuf;

use qapi_schema::lint::{LINTS, Lint};
use qapi_schema::{Finding, Level, Schema};

use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// Check schema files
///
/// Each FILE is a schema of its own, with the files that it includes. All errors are reported, by
/// the rules of QEMU's schema compiler. The exit status is 1 if there is an error.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A schema file
    #[arg(required_unless_present = "list_lints")]
    file: Vec<PathBuf>,

    /// How to report findings
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Report what the lint NAME finds as a warning; `all` stands for every lint
    #[arg(long, value_name = "NAME", value_parser = lint_name)]
    warn: Vec<String>,

    /// Report what the lint NAME finds as an error; `all` stands for every lint
    #[arg(long, value_name = "NAME", value_parser = lint_name)]
    deny: Vec<String>,

    /// Print the names of all lints, and what they report
    #[arg(long)]
    list_lints: bool,
}

/// The forms of reports.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// The lines with the errors, for people
    Text,
    /// A JSON object a line
    Json,
    /// Annotations of GitHub's workflows
    Github,
}

fn lint_name(name: &str) -> std::result::Result<String, String> {
    if name == "all" || Lint::by_name(name).is_some() {
        return Ok(name.to_owned());
    }
    Err("there is no such lint; `qapi check --list-lints` prints all".to_owned())
}

/// Checks the files and reports what it finds.
pub(crate) fn run(options: &Options) -> Result {
    if options.list_lints {
        let line = |lint: &Lint| format!("{:<32}{}\n", lint.name, lint.description);
        return write_stdout(LINTS.iter().map(line).collect::<String>().as_bytes());
    }
    let (mut errors, mut warnings) = (0, 0);
    for file in &options.file {
        let schema = Schema::read(file);
        let mut findings = schema.findings().to_vec();
        findings.extend(lint(options, &schema));
        let report = match options.format {
            Format::Text => drawing::report(&schema, &findings),
            Format::Json => records::json(&schema, &findings),
            Format::Github => records::github(&schema, &findings),
        };
        write_stdout(report.as_bytes())?;
        let of_errors = findings.iter().filter(|found| found.level == Level::Error).count();
        errors += of_errors;
        warnings += findings.len() - of_errors;
    }
    if errors == 0 {
        return Ok(());
    }
    let count =
        |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let warnings = match warnings {
        0 => String::new(),
        some => format!(", {}", count(some, "warning")),
    };
    Err(Failure::Check(format!("{}{warnings}", count(errors, "error"))))
}

/// What the chosen lints find. A lint that is denied is not reported as a warning too.
fn lint(options: &Options, schema: &Schema) -> Vec<Finding> {
    let is_in = |names: &[String], lint: &Lint| {
        names.iter().any(|name| name == "all" || name == lint.name)
    };
    let level = |lint: &Lint| {
        if is_in(&options.deny, lint) {
            Some(Level::Error)
        } else {
            is_in(&options.warn, lint).then_some(Level::Warning)
        }
    };
    let chosen = LINTS.iter().filter_map(|lint| Some((lint, level(lint)?)));
    chosen.flat_map(|(lint, level)| lint.check(schema, level)).collect()
}
