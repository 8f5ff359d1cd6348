//! Sessions as state machines: bytes in, bytes out, nothing else.

mod commands;
mod order;
mod talk;
mod transcript;
