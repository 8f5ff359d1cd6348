//! Throws bytes at everything that reads them from outside.
//!
//! Each target is a module with a function `run` that takes any bytes and panics when something
//! does not hold that must hold for all of them. `fuzz/run` has libFuzzer call it; the tests of
//! this package call it with the recorded cases and some thousand variations of them.

pub mod decoder;
mod definitions;
pub mod parser;
mod reference;
pub mod seeds;
pub mod session;
pub mod visitor;
