//! The registry: what it finds, and what it refuses.

mod conflicts;
mod control;
mod job;
mod lookup;
pub(crate) mod seed;
