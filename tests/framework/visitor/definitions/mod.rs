//! As much of QEMU's block schema as the recorded cases touch: each shape that arguments can have.
//!
//! Names, types and orders are those of `block-core.json`, `transaction.json`, `qom.json`,
//! `sockets.json`, `block-export.json` and `char.json` of QEMU 10.0. The commands do nothing: the
//! cases are about what happens before a command's function is called.

mod actions;
mod backends;
mod commands;
mod create;
mod drivers;
mod nodes;
mod sockets;
