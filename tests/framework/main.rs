//! Tests of the framework through its public interfaces: one module for each part.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod definitions;
mod documentation;
mod events;
mod introspect;
mod job;
mod macros;
mod model;
mod policy;
mod projection;
mod registered;
mod registry;
mod server;
mod session;
mod tidy;
mod visitor;
mod wire;
