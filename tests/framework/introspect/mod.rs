//! What clients are told of the schema, and what the schema language would say.

mod answer;
mod definitions;
mod language;
mod qemu;
