//! Sessions as state machines: bytes in, bytes out, nothing else.

mod allocations;
pub(crate) mod commands;
mod control_commands;
mod memory;
mod ordering;
mod preconfig;
mod repeated_ids;
mod transcript;
