//! Fixtures of the tests that run the program.

#![allow(dead_code, reason = "not every test uses every fixture")]

pub(crate) mod certificates;
pub(crate) mod daemon;
pub(crate) mod images;
