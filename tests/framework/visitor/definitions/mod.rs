//! The part of QEMU's schema that the recorded cases use. It has every form of arguments.
//!
//! Names, types and orders are those of `block-core.json`, `transaction.json`, `qom.json`,
//! `sockets.json`, `block-export.json` and `char.json` of QEMU 10.0. The functions do nothing,
//! because the cases test the checks of the arguments, which run before the function.

mod actions;
mod backends;
mod commands;
mod create;
mod drivers;
mod nodes;
mod sockets;
