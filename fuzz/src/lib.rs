//! Fuzz targets for all code that reads input from outside.
//!
//! Each target is a module with a function `run`, which takes any bytes and panics if an invariant
//! is broken. `fuzz/run` lets libFuzzer call it. The tests of this package call it with the
//! recorded cases, and with several thousand variations of them.

pub mod corpus;
pub mod decoder;
mod definitions;
pub mod nbd;
pub mod parser;
mod reference;
pub mod session;
pub mod visitor;
