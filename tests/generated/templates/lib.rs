//! A schema in Rust: for clients, and for a server.

#![deny(warnings)]

pub mod client;
pub mod server;
