//! QMP's dialect of JSON: bytes in, [`Document`]s out, and back.
//!
//! The way in, in reading order: `lexer` cuts bytes into tokens, `extent` finds where a text
//! ends, `parser` makes a [`Document`] of it (with `string`, `number` and `keys` for the
//! details), and [`Decoder`] drives them; `common` reads at one go what most texts are like.
//! [`Value`] is the cursor that reads a document. The way out is [`QmpFormatter`], past the `marks`
//! of what a client is spared. `limits` and `error` say what is refused, and in which words.

mod common;
mod document;
mod echo;
mod error;
mod extent;
mod formatter;
mod keys;
mod lexer;
mod limits;
mod marks;
mod number;
mod parser;
mod stream;
mod string;
mod utf8;
mod value;

pub use document::Document;
pub use error::JsonError;
pub use formatter::{QmpFormatter, Style, to_vec, write_to};
pub use limits::{MAX_NESTING, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE};
pub(crate) use marks::hidden;
pub use marks::{Hidden, Marks};
pub use number::Number;
pub use stream::{Decoded, Decoder};
pub use value::{Kind, Value};
