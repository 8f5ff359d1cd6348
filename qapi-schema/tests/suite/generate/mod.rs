//! Generated code. The files beside this one are generated from `lamp.json`, and compiled into this
//! test; `QAPI_BLESS=1` in the environment writes them again.

#[rustfmt::skip]
#[allow(dead_code, unreachable_pub, clippy::upper_case_acronyms, reason = "a crate exports it")]
mod client;
mod files;
mod rust;
#[rustfmt::skip]
#[allow(dead_code, unreachable_pub, clippy::upper_case_acronyms, reason = "a crate exports it")]
mod server;
