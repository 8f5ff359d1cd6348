//! The job engine, without a server or a disk. The drivers follow scripts.

pub(crate) mod fixture;

mod cancel;
mod client;
mod delivery;
mod diagram;
mod drain;
mod driver_parts;
mod engine_drop;
mod engines;
mod ids;
mod lifecycle;
mod observed;
mod panics;
mod pauses;
mod progress;
mod random_verbs;
mod reentrant_calls;
mod speed;
mod tables;
mod transactions;
mod verbs;
mod waiting_hooks;
