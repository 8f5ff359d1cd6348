//! The part of QEMU's block schema that the recorded cases use. It has every shape of arguments.
//!
//! Names, types and orders are those of `block-core.json`, `transaction.json`, `qom.json`,
//! `sockets.json`, `block-export.json` and `char.json` of QEMU 10.0. The commands do nothing, as
//! the cases are about checks before the call of a function.

mod actions;
mod backends;
mod commands;
mod create;
mod drivers;
mod nodes;
mod sockets;
