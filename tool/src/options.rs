//! The command line.

use crate::{
    call, check, completions, diff, doc, events, fmt, generate, introspect, job, man, shell,
    status,
};

/// A tool for QMP servers that run, and for QAPI schemas.
#[derive(Debug, clap::Parser)]
#[command(name = "qapi", version, about, after_long_help = status::TABLE)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) subcommand: Subcommand,

    /// Write no messages to standard error. The exit status tells how the command ended.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// A subcommand with its options.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subcommand {
    Call(call::Options),
    Check(check::Options),
    Diff(diff::Options),
    Doc(doc::Options),
    Events(events::Options),
    Fmt(fmt::Options),
    Generate(generate::Options),
    Introspect(introspect::Options),
    Job(job::Options),
    Shell(shell::Options),
    Completions(completions::Options),
    Man(man::Options),
}
