//! The daemon beside QEMU's own, and driven by clients that were written for that, none of them
//! changed: the crate `qapi`, and from Python's `qemu.qmp` the client and `qmp-shell`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;
mod graphs;
mod python;
mod qapi_crate;
