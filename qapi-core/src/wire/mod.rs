//! QMP's dialect of JSON: bytes in, [`Document`]s out, and back.
//!
//! The way in, in reading order: `lexer` cuts bytes into tokens, `extent` finds where a text
//! ends, `parser` makes a [`Document`] of it (with `string`, `number` and `keys` for the
//! details), and [`Decoder`] drives them; `common` reads at one go what most texts are like.
//! [`Value`] is the cursor that reads a document. The way out is [`QmpFormatter`], past the `marks`
//! of what a client is spared. `limits` and `error` say what is refused, and in which words.

pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod fast_path;
pub(crate) mod formatter;
pub(crate) mod framing;
pub(crate) mod keys;
pub(crate) mod lexer;
pub(crate) mod limits;
pub(crate) mod number;
pub(crate) mod parser;
pub(crate) mod serialize;
pub(crate) mod stream;
pub(crate) mod string;
pub(crate) mod utf8;
pub(crate) mod value;

pub use document::Document;
pub use error::JsonError;
pub use formatter::{QmpFormatter, Style, to_vec, to_vec_pretty, write_to};
pub use limits::{MAX_NESTING, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE};
pub use number::Number;
pub use stream::{Decoded, Decoder};
pub use value::{Kind, Value};
