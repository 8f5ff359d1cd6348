//! Tests of the framework through its public interfaces: one module for each part.

mod registry;
