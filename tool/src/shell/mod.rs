//! `qapi shell`: a line editor for the commands of a server.

mod complete;
mod editor;
mod help;
mod input;
mod line;
mod link;

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use qapi_core::NamePattern;
use serde_json::{Map, Value};

use crate::connection::ServerOptions;
use crate::json::{self, Style};
use crate::output::write_stdout;
use crate::printable::printable;
use crate::status::{Failure, Result};
use complete::SchemaCompleter;
use editor::{Editor, ShellPrompt};
use input::Input;
use link::Link;

/// The name under which a server returns documentation, as an extension.
const QUERY_DOCUMENTATION: &str = "__org.qapi-rs_query-documentation";

/// The most characters of an address in the name of a file, whose limit is 255 bytes.
const MAX_FILE_NAME: usize = 200;

/// Type commands, with completion, help and checks by the server's schema
///
/// A line is `COMMAND KEY=VALUE NESTED.KEY=VALUE LIST.0=VALUE KEY:=JSON`, or a request in JSON.
/// `help` lists what else the shell understands. Events appear above the prompt.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// Append each message to this file: -> to the server, <- from the server
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// Reads lines and carries them out until the end of the input.
pub(crate) fn run(options: &Options) -> Result {
    let log =
        match &options.log {
            None => None,
            Some(path) => Some(OpenOptions::new().create(true).append(true).open(path).map_err(
                |error| Failure::Refused(format!("cannot write to {}: {error}", path.display())),
            )?),
        };
    let (editor, show) = Editor::new();
    let link = Arc::new(Link::open(&options.server, log, show)?);
    let address = options.server.address.to_string();
    let completer = SchemaCompleter { link: Arc::clone(&link) };
    let mut editor = editor.with(Box::new(completer), history(&address));
    let shared = Arc::clone(&link.shared);
    let mut prompt = ShellPrompt { address, shared, in_transaction: false };
    let mut shell = Shell { link, actions: None };
    while let Some(line) = editor.line(&prompt)? {
        if !shell.carry_out(line.trim_end())? {
            break;
        }
        prompt.in_transaction = shell.actions.is_some();
        shell.link.shared.set_in_transaction(prompt.in_transaction);
    }
    Ok(())
}

/// The file of the history of an address, in the user's folder for state. Only the user may read
/// it, as commands can contain passwords.
fn history(address: &str) -> Option<PathBuf> {
    let variable =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = variable("XDG_STATE_HOME");
    let state = state.or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    let folder = state.join("qapi");
    std::fs::create_dir_all(&folder).ok()?;
    let path = folder.join(format!("history-{}", file_name(address)));
    OpenOptions::new().create(true).append(true).mode(0o600).open(&path).ok()?;
    Some(path)
}

/// An address as part of a file's name. The end of a long address counts.
fn file_name(address: &str) -> String {
    let escape = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | ':' => character.to_string(),
        other => format!("%{:02X}", u32::from(other)),
    };
    let name: Vec<char> = address.chars().map(escape).collect::<String>().chars().collect();
    name[name.len().saturating_sub(MAX_FILE_NAME)..].iter().collect()
}

/// Whether standard output shows colours.
fn has_colours() -> bool {
    Style::of_stdout() == Style::Coloured
}

struct Shell {
    link: Arc<Link>,
    /// The actions of the transaction that is being written.
    actions: Option<Vec<Value>>,
}

impl Shell {
    /// Carries out a line. Returns whether the shell continues.
    fn carry_out(&mut self, line: &str) -> Result<bool> {
        let schema = self.link.shared.schema();
        match input::read(line, schema.as_deref(), self.actions.is_some()) {
            Err(wrong) => print_error(&input::describe(line, &wrong))?,
            Ok(Input::Empty) => {}
            Ok(Input::Exit) => return Ok(false),
            Ok(Input::Help(name)) => self.help(name.as_deref())?,
            Ok(Input::Jobs) => self.print(self.link.jobs())?,
            Ok(Input::Events(patterns)) => self.filter(&patterns)?,
            Ok(Input::Begin) => self.actions = Some(Vec::new()),
            Ok(Input::Action(action)) => self.actions.get_or_insert_default().push(action),
            Ok(Input::End) => {
                let actions = self.actions.take().unwrap_or_default();
                let arguments = Map::from_iter([("actions".to_owned(), actions.into())]);
                self.print(self.link.call("transaction", arguments, None))?;
            }
            Ok(Input::Call(command, arguments)) => {
                self.print(self.link.call(&command, arguments, None))?;
            }
        }
        Ok(true)
    }

    fn print(&self, result: Result<Value>) -> Result {
        match result {
            Ok(value) => {
                let style = if stdout().is_terminal() { Style::of_stdout() } else { Style::Line };
                json::print(&value, style)
            }
            Err(failure) => print_error(&printable(&failure.to_string())),
        }
    }

    fn help(&self, name: Option<&str>) -> Result {
        let schema = self.link.shared.schema();
        let text = match (name, &schema) {
            (Some(name), Some(schema)) => {
                let documentation = schema.command(QUERY_DOCUMENTATION).and_then(|_| {
                    let arguments = Map::from_iter([("name".to_owned(), name.into())]);
                    self.link.call(QUERY_DOCUMENTATION, arguments, None).ok()
                });
                help::command(schema, name, documentation.as_ref().and_then(|all| all.get(0)))
            }
            (Some(_), None) => "the server has no schema".to_owned(),
            (None, schema) => help::overview(schema.as_deref()),
        };
        write_stdout(format!("{text}\n").as_bytes())
    }

    fn filter(&self, words: &[String]) -> Result {
        let patterns = match words {
            [] => return print_error("write events on, events off, or names such as JOB_*"),
            [word] if word == "on" => vec!["*".into()],
            [word] if word == "off" => Vec::new(),
            names => names.iter().map(|name| NamePattern::from(name.as_str())).collect(),
        };
        self.link.shared.set_filter(patterns);
        Ok(())
    }
}

/// Prints an error to the terminal, in red if it shows colours.
fn print_error(text: &str) -> Result {
    let (before, after) = if has_colours() { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
    let mut out = stdout().lock();
    writeln!(out, "{before}{text}{after}").and_then(|()| out.flush()).map_err(Failure::Output)
}
