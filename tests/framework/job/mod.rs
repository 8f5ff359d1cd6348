//! The job engine, with no server and no disk: only drivers that follow a script.

mod bench;

mod any_order;
mod cancel;
mod diagram;
mod dropped;
mod engines;
mod ids;
mod lifecycle;
mod panics;
mod parts;
mod pauses;
mod progress;
mod settled;
mod sinks;
mod speed;
mod tables;
mod threads;
mod transactions;
mod verbs;
mod waiting_hooks;
