//! Tests of the daemon with unmodified clients of QEMU, and comparisons with QEMU's own daemon.
//!
//! | peer | file |
//! |---|---|
//! | the Rust crate `qapi` | `qapi_crate` |
//! | Python's `qemu.qmp`: its client and `qmp-shell` | `python` |
//! | QEMU's emulator, which boots from an export | `emulator` |
//! | QEMU's storage daemon, whose graphs of nodes and objects are compared | `graphs` |
//! | QEMU's storage daemon, whose commands and introspection are compared | `introspection` |

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod disks;
mod emulator;
mod graphs;
mod introspection;
mod python;
mod qapi_crate;
#[path = "../program/support/mod.rs"]
mod support;
