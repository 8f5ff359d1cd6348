//! Tests of schema files through the public interface.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod cases;
mod diff;
mod format;
mod generate;
mod limits;
mod lints;
mod qemu;
mod reconstruct;
