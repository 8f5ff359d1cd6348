//! Tests of the framework through its public interfaces: one module for each part.

mod macros;
mod registry;
mod session;
