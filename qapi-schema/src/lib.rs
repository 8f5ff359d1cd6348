//! Schemas of QMP servers in files: QAPI's schema language read, checked and written.
//!
//! QEMU describes its commands, events and types in schema files, from which its build generates
//! code ("The QAPI code generator", in QEMU's developer documentation). This crate reads such files
//! and reports every error, each with its place and with what to write instead. It opens no
//! connection and starts no process.
//!
//! ```
//! use qapi_schema::Schema;
//!
//! let text = "{ 'command': 'light', 'data': { 'on': 'boolean' } }";
//! let schema = Schema::from_text("lamp.json", text);
//! let finding = &schema.findings()[0];
//! assert_eq!(finding.message, "argument `on` uses unknown type `boolean`");
//! assert_eq!(schema.sources().line(finding.place.unwrap()), 1);
//! ```
//!
//! # Layers
//! The modules in reading order. Each imports from those above it and from no other:
//! - [`limits`], [`source`], [`value`], [`finding`]: the data that all modules share
//! - `words`: names that are made of others
//! - `lexer`, [`doc`], `parser`: text to expressions and blocks of documentation
//! - `pragma`, `load`: files and what they include
//! - [`model`], `expression`: the rules for one definition
//! - `outline`: definitions as `qapi-core` has them, which take memory until the process ends
//! - `whole`: the rules for the schema as a whole, which are those of `qapi-core`
//! - `schema`: [`Schema`]
//! - [`lint`]: findings beyond the rules; [`format`](mod@format): the layout of files;
//!   [`reconstruct`]: files from introspection; [`diff`]: differences of two schemas;
//!   [`generate`]: code in other languages

pub mod limits;
pub mod source;
pub mod value;

pub mod finding;

mod lexer;
mod words;

pub mod doc;
mod parser;

mod load;
mod pragma;

pub mod model;

mod expression;
mod outline;
mod whole;

mod schema;

pub mod diff;
pub mod format;
pub mod generate;
pub mod lint;
mod reconstruct;

pub use finding::{Finding, Level};
pub use load::read_from;
pub use qapi_core::introspection::{Mask, info::SchemaInfo};
pub use reconstruct::reconstruct;
pub use schema::Schema;
