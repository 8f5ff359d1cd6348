//! Generated code: a schema in other languages.
//!
//! Each language is a module with a function that returns the text of one file. The text depends on
//! the schema alone, so that a build can compare it with a file under version control. Definitions
//! follow each other in the order of the schema. Parts with conditions are present.
//!
//! What the name of a part cannot be in a language is documented in the module of the language.

mod forms;
pub mod json_schema;
mod lookup;
mod output;
mod prose;
pub mod python;
pub mod rust;
pub mod typescript;
mod unique;

use crate::schema::Schema;

/// The name of the first file of a schema, for the head of a generated file.
fn origin(schema: &Schema) -> &str {
    let path = schema.sources().files().first().map_or("", |file| file.path());
    path.rsplit('/').next().unwrap_or_default()
}
