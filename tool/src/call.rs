//! `qapi call`: one command.

use std::io::Read;

use serde_json::{Map, Value};

use crate::arguments::{Mistake, Node, Typing, arguments, plain};
use crate::connection::{Connection, ServerOptions, block_on, within};
use crate::json::{self, Style};
use crate::schema::Schema;
use crate::status::{Failure, Result};

/// The maximum size of JSON on standard input. It is also a server's limit for one message.
const MAX_INPUT: u64 = 64 << 20;

/// Execute a command and print its return value
///
/// Words are arguments: `KEY=VALUE`, `NESTED.KEY=VALUE`, `LIST.0=VALUE`, `KEY:=JSON`, or a JSON
/// object with several of them. A value has the type that the server's schema gives it; without a
/// schema, what looks like a number, `true`, `false` or `null` is one, and all else is a string.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// The name of the command
    command: String,

    /// The arguments of the command; `-` reads a JSON object from standard input
    #[arg(value_name = "ARGUMENT")]
    arguments: Vec<String>,

    /// Compare the arguments with the schema of the server, and send nothing if they do not fit
    #[arg(long)]
    check: bool,
}

/// Executes the command and prints its return value.
pub(crate) fn run(options: &Options) -> Result {
    let mut words = options.arguments.clone();
    for word in words.iter_mut().filter(|word| *word == "-") {
        *word = standard_input()?;
    }
    let arguments = arguments(&words).map_err(|refusal| Failure::Refused(refusal.text))?;
    let limit = options.server.exchange_limit();
    let value = block_on(async {
        let mut connection = options.server.connect().await?;
        let call = async {
            let arguments = typed(&mut connection, options, &arguments).await?;
            let arguments = (!arguments.is_empty()).then_some(&arguments);
            connection.call(&options.command, arguments).await
        };
        within(limit, call).await.unwrap_or_else(|| Err(options.server.no_reply()))
    })?;
    json::print(&value, Style::of_stdout())
}

/// The arguments with the types of the schema, which is queried only if it is needed.
async fn typed(
    connection: &mut Connection,
    options: &Options,
    arguments: &Node,
) -> Result<Map<String, Value>> {
    let is_needed = options.check || Typing::is_needed(arguments);
    let schema = if is_needed { Schema::query(connection).await? } else { None };
    let Some(schema) = schema else {
        if options.check {
            let text = "the server has no schema to check the arguments with";
            return Err(Failure::Refused(text.to_owned()));
        }
        return Ok(match plain(arguments) {
            Value::Object(members) => members,
            _ => Map::new(),
        });
    };
    let mut typing = Typing::new(&schema);
    let members = typing.command(&options.command, arguments);
    if options.check && !typing.mistakes.is_empty() {
        let texts: Vec<_> = typing.mistakes.iter().map(Mistake::text).collect();
        return Err(Failure::Refused(texts.join("; ")));
    }
    Ok(members)
}

/// The text on standard input.
fn standard_input() -> Result<String> {
    let refused = |error| Failure::Refused(format!("cannot read standard input: {error}"));
    let mut text = String::new();
    std::io::stdin().take(MAX_INPUT + 1).read_to_string(&mut text).map_err(refused)?;
    if text.len() as u64 > MAX_INPUT {
        return Err(Failure::Refused("standard input has more than 64 MiB".to_owned()));
    }
    // A JSON object begins with its brace.
    Ok(text.trim().to_owned())
}
