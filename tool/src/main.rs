//! The program `qapi`: a tool for QAPI schemas and for QMP servers that run.
//!
//! Each subcommand is a module with a struct of its options and a function `run`.

mod address;
mod arguments;
mod call;
mod check;
mod completions;
mod connection;
mod diff;
mod doc;
mod events;
mod fmt;
mod generate;
mod github;
mod introspect;
mod job;
mod json;
mod man;
mod options;
mod output;
mod path;
mod printable;
mod schema;
mod shell;
mod status;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use options::{Options, Subcommand};

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.subcommand {
        Subcommand::Call(call) => call::run(call),
        Subcommand::Check(check) => check::run(check),
        Subcommand::Diff(diff) => diff::run(diff, options.quiet),
        Subcommand::Doc(doc) => doc::run(doc),
        Subcommand::Events(events) => events::run(events),
        Subcommand::Fmt(fmt) => fmt::run(fmt),
        Subcommand::Generate(generate) => generate::run(generate),
        Subcommand::Introspect(introspect) => introspect::run(introspect),
        Subcommand::Job(job) => job::run(job, options.quiet),
        Subcommand::Shell(shell) => shell::run(shell),
        Subcommand::Completions(completions) => completions::run(completions, Options::command()),
        Subcommand::Man(man) => man::run(man, Options::command()),
    };
    status::report(result, options.quiet)
}
