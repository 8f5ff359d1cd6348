//! Sessions as state machines: bytes in, bytes out, nothing else.

pub(crate) mod commands;
mod control;
mod order;
pub(crate) mod talk;
mod transcript;
