//! QMP's dialect of JSON: decoding and writing.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod allocations;
mod conformance;
mod document;
mod fast_path;
mod formatter;
mod parse;
mod replay;
mod stream;
