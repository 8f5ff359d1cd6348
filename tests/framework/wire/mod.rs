//! QMP's dialect of JSON, in and out.

#![allow(clippy::unwrap_used, reason = "a test may fail where it likes")]

mod allocations;
pub(crate) mod case;
mod common;
mod conformance;
mod document;
mod formatter;
mod parse;
mod replay;
mod stream;
