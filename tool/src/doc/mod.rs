//! `qapi doc`: a reference manual as static pages or manual pages, from schema files or a server.

mod files;
mod html;
mod links;
mod man;
mod manual;
mod markup;

use std::path::{Path, PathBuf};

use qapi_core::ErrorClass;
use qapi_core::client::{ClientError, Returned};
use qapi_core::documentation::DefinitionDocumentation;
use qapi_core::introspection::info::SchemaInfo;
use qapi_schema::{Schema, reconstruct};

use crate::address::Address;
use crate::connection::{Connection, ServerOptions, block_on, within};
use crate::status::{Failure, Result};
use files::Files;
use links::Links;
use manual::Manual;

/// Write a reference manual: pages for a browser, or manual pages
///
/// The source is a schema file, or a server. A server that serves no documentation gives a manual
/// with its commands, events and types, without texts.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// The folder to write to, which is created if it is missing; begin with `index.html`
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,

    /// The title; by default the name of the file, or the address
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// Write a manual page for each definition instead, as `query-jobs.7qmp`
    #[arg(long)]
    man: bool,
}

/// Writes the manual.
pub(crate) fn run(options: &Options) -> Result {
    let manual = match &options.server.address {
        Address::Unix(path) if path.is_file() => from_file(path, options)?,
        _ => block_on(from_server(options))?,
    };
    let links = Links::new(&manual);
    let files = Files::create(&options.output)?;
    if options.man {
        man::write(&manual, &links, &files)
    } else {
        html::write(&manual, &links, &files)
    }
}

fn from_file(path: &Path, options: &Options) -> Result<Manual> {
    let schema = Schema::read(path);
    if !schema.is_valid() {
        let text = format!("{} has errors; `qapi check` shows them", path.display());
        return Err(Failure::Check(text));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let title = options.title.clone().unwrap_or_else(|| stem.into_owned());
    Ok(manual::from_schema(&schema, title))
}

async fn from_server(options: &Options) -> Result<Manual> {
    let title = options.title.clone().unwrap_or_else(|| options.server.address.to_string());
    let mut connection = options.server.connect().await?;
    let entities: Vec<SchemaInfo> =
        query(&mut connection, "query-qmp-schema", options).await?.map_err(Failure::Command)?;
    let name = "__org.qapi-rs_query-documentation";
    let documented: std::result::Result<Vec<DefinitionDocumentation>, String> =
        query(&mut connection, name, options).await?;
    if let Ok(documented) = documented {
        return Ok(manual::from_documentation(documented, &entities, title));
    }
    let text = reconstruct(&entities).map_err(Failure::Refused)?;
    Ok(manual::from_schema(&Schema::from_text("schema", text), title))
}

/// The value of a command; the error's text if the server has no such command.
async fn query<T: Returned>(
    connection: &mut Connection,
    command: &str,
    options: &Options,
) -> Result<std::result::Result<T, String>> {
    let reply = within(options.server.exchange_limit(), connection.client.call(command)).await;
    match reply {
        Some(Ok(value)) => Ok(Ok(value)),
        Some(Err(ClientError::Command(error)))
            if error.class() == ErrorClass::CommandNotFound =>
        {
            Ok(Err(error.to_string()))
        }
        Some(Err(error)) => Err(connection.failure(error)),
        None => Err(options.server.no_reply()),
    }
}
