//! Tests of the framework through its public interfaces: one module for each part.

mod definitions;
mod introspect;
mod macros;
mod registered;
mod registry;
mod server;
mod session;
mod wire;
