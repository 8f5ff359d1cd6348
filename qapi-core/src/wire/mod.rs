//! QMP's dialect of JSON: from bytes to [`Document`]s, and from values to bytes.
//!
//! Input, in reading order: `lexer` splits bytes into tokens, `framing` finds the end of a text,
//! `parser` makes a [`Document`] of the tokens (with `string`, `number` and `keys`), and `stream`
//! with its [`Decoder`] drives them; `fast_path` with `fast_tokens` reads most texts without them.
//! [`Value`] is the cursor that reads a document. Output: `formatter` with [`QmpFormatter`].
//! `limits` and `error` define the texts that are refused, and the messages for them.

pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod fast_path;
pub(crate) mod fast_tokens;
pub(crate) mod formatter;
pub(crate) mod framing;
pub(crate) mod keys;
pub(crate) mod lexer;
pub(crate) mod limits;
pub(crate) mod number;
pub(crate) mod parser;
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
