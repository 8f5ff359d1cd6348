//! `qapi diff`: the differences of two schemas, by what they mean for clients.

mod drawing;
mod records;
mod revision;
mod side;

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use qapi_schema::diff::{Accepted, Change, Level, RULES, changelog, compare};
use qapi_schema::read_from;

use crate::connection::seconds;
use crate::output::write_stdout;
use crate::printable::printable;
use crate::status::{Failure, Result};

/// Compare two schemas by what their differences mean for clients
///
/// A schema is a schema file, a revision of one in git (REVISION:PATH), a saved introspection (what
/// `qapi introspect` prints), or the address of a server. Clients send arguments, and receive
/// return values and events; the rules differ by direction. Names of types, bases and the order of
/// parts make no difference. Each difference is reported with every way from a command or event to
/// it. The exit status is 1 if there is a difference of the level of `--fail-on` or above.
#[derive(Debug, clap::Args)]
#[command(after_long_help = rule_table())]
pub(crate) struct Options {
    /// The schema that clients know
    #[arg(required_unless_present = "list_rules")]
    old: Option<String>,

    /// The schema that follows it
    #[arg(required_unless_present = "list_rules")]
    new: Option<String>,

    /// How to report differences
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Print what is new, for people, as Markdown
    #[arg(long, conflicts_with = "format")]
    changelog: bool,

    /// The lowest level that ends the program with status 1
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = FailOn::Breaking)]
    fail_on: FailOn,

    /// Do not report the differences that FILE lists: on each line the identifier of a rule and a
    /// pattern of ways, where * stands for any text; # begins a comment
    #[arg(long, value_name = "FILE")]
    accepted: Option<PathBuf>,

    /// Add the differences that would be reported to the list FILE
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "changelog"])]
    accept: Option<PathBuf>,

    /// The time limit of each exchange with a server, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Print the rules: the identifier, the level, and what each reports
    #[arg(long)]
    list_rules: bool,
}

/// The forms of reports.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// A JSON object a line
    Json,
    /// A list for each level
    Markdown,
    /// JUnit's XML: a test for each difference
    Junit,
    /// Annotations of GitHub's workflows
    Github,
}

/// The levels that end the program with status 1.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FailOn {
    /// Clients fail
    Breaking,
    /// Clients fail, or rely on what the schema does not promise
    Warning,
    /// Any difference
    Info,
    /// None
    Never,
}

impl FailOn {
    fn fails(self, level: Level) -> bool {
        match self {
            Self::Breaking => level >= Level::Breaking,
            Self::Warning => level >= Level::Warning,
            Self::Info => true,
            Self::Never => false,
        }
    }
}

/// The rules, a line each.
fn rule_lines() -> String {
    let mut text = String::new();
    for rule in RULES {
        let level = rule.level.as_str();
        let _ = writeln!(text, "{:<34}{level:<10}{}", rule.id, rule.description);
    }
    text
}

fn rule_table() -> String {
    format!("Rules, with the level of each:\n{}", rule_lines())
}

/// Compares the schemas and reports the differences.
pub(crate) fn run(options: &Options, quiet: bool) -> Result {
    let (Some(old), Some(new), false) = (&options.old, &options.new, options.list_rules) else {
        return write_stdout(rule_lines().as_bytes());
    };
    let mut accepted = match &options.accepted {
        Some(path) => read_accepted(path)?,
        None => Accepted::default(),
    };
    let (old, new) = (side::read(old, options.timeout)?, side::read(new, options.timeout)?);
    let mut changes = compare(&old, &new);
    accepted.apply(&mut changes);
    for (line, entry) in accepted.unused().filter(|_| !quiet) {
        let path = options.accepted.as_deref().unwrap_or(Path::new(""));
        // Unlike `eprintln!`, this does not panic if standard error is closed.
        let _ =
            writeln!(io::stderr(), "qapi: {}:{line}: no difference is `{entry}`", path.display());
    }
    if let Some(path) = &options.accept {
        return accept(path, &changes);
    }
    let report = match options.format {
        _ if options.changelog => {
            changelog(&changes).lines().map(|line| printable(line) + "\n").collect()
        }
        Format::Text => drawing::text(&changes),
        Format::Json => records::json(&changes),
        Format::Markdown => drawing::markdown(&changes),
        Format::Junit => records::junit(&changes, |level| options.fail_on.fails(level)),
        Format::Github => records::github(&changes),
    };
    write_stdout(report.as_bytes())?;
    verdict(&changes, options.fail_on)
}

/// The failure for the differences that `fail_on` names.
fn verdict(changes: &[Change], fail_on: FailOn) -> Result {
    let levels = [Level::Breaking, Level::Warning, Level::Info];
    let count = |level| changes.iter().filter(|change| change.level == level).count();
    let counts = levels.map(|level| (count(level), level));
    if !counts.iter().any(|(count, level)| *count > 0 && fail_on.fails(*level)) {
        return Ok(());
    }
    let texts = counts.iter().filter(|(count, _)| *count > 0);
    let texts = texts.map(|(count, level)| format!("{count} {}", level.as_str()));
    Err(Failure::Check(format!("differences: {}", texts.collect::<Vec<_>>().join(", "))))
}

fn read_accepted(path: &Path) -> Result<Accepted> {
    let refuse = |text: String| Failure::Refused(format!("{}: {text}", path.display()));
    let text = File::open(path).and_then(read_from).map_err(|error| refuse(error.to_string()))?;
    Accepted::parse(&text).map_err(refuse)
}

/// Adds the differences to the list.
fn accept(path: &Path, changes: &[Change]) -> Result {
    let text = Accepted::text_for(changes);
    let file = fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Failure::Refused(format!("cannot write {}: {error}", path.display())))
}
