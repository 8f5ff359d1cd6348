//! `qapi introspect`: the schema of a server or of a file, as clients see it.

use std::path::Path;

use qapi_core::introspection::info::SchemaInfo;
use qapi_schema::{Mask, Schema, reconstruct};
use serde_json::Value;

use crate::address::Address;
use crate::connection::{ServerOptions, block_on, within};
use crate::json::{self, Style};
use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// Print the schema of a server, or of a schema file
///
/// The output is what `query-qmp-schema` returns. For a schema file it is what a server with all
/// commands, events and conditions of the file would return.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// Print the schema language instead of JSON; where the server shows no names of types, they
    /// are made up
    #[arg(long)]
    schema: bool,

    /// Show the names of types; for schema files only, as servers do not tell them
    #[arg(long)]
    unmask: bool,
}

/// Prints the schema.
pub(crate) fn run(options: &Options) -> Result {
    if let Address::Unix(path) = &options.server.address
        && path.is_file()
    {
        return from_file(path, options);
    }
    if options.unmask {
        return Err(Failure::Refused("a server does not tell the names of types".to_owned()));
    }
    if !options.schema {
        return json::print(&served(&options.server)?, Style::of_stdout());
    }
    let limit = options.server.exchange_limit();
    block_on(async {
        let mut connection = options.server.connect().await?;
        let call = connection.client.call::<Vec<SchemaInfo>>("query-qmp-schema");
        match within(limit, call).await {
            Some(Ok(entities)) => print_schema(&entities),
            Some(Err(error)) => Err(connection.failure(error)),
            None => Err(options.server.no_reply()),
        }
    })
}

/// What a server returns for `query-qmp-schema`.
///
/// # Errors
/// [`Failure::Command`], [`Failure::Connection`], [`Failure::TimedOut`]
pub(crate) fn served(server: &ServerOptions) -> Result<Value> {
    block_on(async {
        let mut connection = server.connect().await?;
        let call = connection.call("query-qmp-schema", None);
        let value = within(server.exchange_limit(), call).await;
        value.unwrap_or_else(|| Err(server.no_reply()))
    })
}

fn from_file(path: &Path, options: &Options) -> Result {
    let schema = Schema::read(path);
    if !schema.is_valid() {
        let text = format!("{} has errors; `qapi check` shows them", path.display());
        return Err(Failure::Check(text));
    }
    let mask = if options.unmask { Mask::Unmasked } else { Mask::Masked };
    let entities = schema.introspect(mask).map_err(Failure::Refused)?;
    if options.schema {
        return print_schema(&entities);
    }
    let value = serde_json::to_value(&entities).unwrap_or(Value::Null);
    json::print(&value, Style::of_stdout())
}

fn print_schema(entities: &[SchemaInfo]) -> Result {
    let text = reconstruct(entities).map_err(Failure::Refused)?;
    write_stdout(text.as_bytes())
}
