//! A crate in which generated code has to compile under adverse conditions: `qapi-core` has the
//! name `qmp`, other items shadow the names of the prelude, and every warning is an error. The
//! tests execute the commands.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    rust_2018_idioms,
    rust_2024_compatibility,
    single_use_lifetimes,
    unreachable_pub,
    unused,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
#![forbid(unsafe_code)]

mod shadowing;

pub mod tanks;
