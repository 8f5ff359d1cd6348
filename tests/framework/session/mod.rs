//! Sessions as state machines: bytes in, bytes out, nothing else.

mod allocations;
pub(crate) mod commands;
mod control;
mod order;
mod preconfig;
pub(crate) mod talk;
mod transcript;
