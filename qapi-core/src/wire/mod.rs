//! QMP's dialect of JSON: bytes in, [`Document`]s out, and back.
//!
//! In reading order: `limits` and `error` say what is refused and in which words, [`Document`]
//! and [`Value`] are what a text becomes.

mod document;
mod echo;
mod error;
mod limits;
mod value;

pub use document::Document;
pub use error::JsonError;
pub use limits::{MAX_NESTING, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE};
pub use value::{Kind, Number, Value};
