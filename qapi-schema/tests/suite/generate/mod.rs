//! Generated code. The files beside this one are generated from `lamp.json`, and compiled into this
//! test; `QAPI_BLESS=1` in the environment writes them again.

#[rustfmt::skip]
mod client;
mod files;
mod rust;
#[rustfmt::skip]
mod server;
