//! A crate downstream that takes nothing for granted: it knows `qapi-core` as `qmp`, has names of
//! the prelude stand for other things, and denies every warning. Its definitions work all the
//! same, and its tests talk to them.
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

mod in_the_way;

pub mod tanks;
