//! `qapi generate`: code in other languages from schema files.

use std::fs;
use std::path::PathBuf;

use qapi_schema::Schema;
use qapi_schema::generate::json_schema::json_schema;
use qapi_schema::generate::python::python;
use qapi_schema::generate::rust::{Purpose, rust};
use qapi_schema::generate::typescript::typescript;

use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// Generate code from a schema file
///
/// The output depends on the schema alone. Parts with conditions are present.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    language: Language,
}

/// The languages.
#[derive(Debug, clap::Subcommand)]
enum Language {
    Rust(Rust),
    /// Python with types for mypy, and a client over the package qemu.qmp
    Python(Files),
    /// TypeScript, and a client for Node without dependencies
    Typescript(Files),
    /// JSON Schema of the messages
    JsonSchema(Files),
}

/// Rust with the attributes of qapi-core
///
/// Commands are functions that return an error until they have code.
#[derive(Debug, clap::Args)]
struct Rust {
    #[command(flatten)]
    files: Files,

    /// Declare the commands for the typed client of qapi-core
    #[arg(long)]
    client: bool,
}

/// What to read, and what to write.
#[derive(Debug, clap::Args)]
struct Files {
    /// The schema file; files that it includes are part of the schema
    file: PathBuf,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Generates a file.
pub(crate) fn run(options: &Options) -> Result {
    match &options.language {
        Language::Rust(Rust { files, client }) => {
            let purpose = if *client { Purpose::Client } else { Purpose::Server };
            files.generate(|schema| rust(schema, purpose))
        }
        Language::Python(files) => files.generate(python),
        Language::Typescript(files) => files.generate(typescript),
        Language::JsonSchema(files) => files.generate(json_schema),
    }
}

impl Files {
    fn generate(
        &self,
        generate: impl FnOnce(&Schema) -> std::result::Result<String, String>,
    ) -> Result {
        let schema = Schema::read(&self.file);
        if !schema.is_valid() {
            let text = format!("{} has errors; `qapi check` shows them", self.file.display());
            return Err(Failure::Check(text));
        }
        let text = generate(&schema).map_err(Failure::Refused)?;
        match &self.output {
            None => write_stdout(text.as_bytes()),
            Some(path) => fs::write(path, text).map_err(Failure::Output),
        }
    }
}
