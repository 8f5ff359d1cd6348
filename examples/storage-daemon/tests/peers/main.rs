//! The daemon driven by clients that were written for QEMU, none of them changed: the crate
//! `qapi`, and from Python's `qemu.qmp` the client and `qmp-shell`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;
mod python;
mod qapi_crate;
