//! The types of this program's commands and events: a part of QEMU's `block-core.json`,
//! `crypto.json` and `transaction.json`, at the level of QEMU 10.0.
//!
//! Types only: the commands that take them are in [`commands`](crate::commands).

pub mod amend;
pub mod backup;
pub mod block_job;
pub mod create;
pub mod encryption;
pub mod mirror;
pub mod node_info;
pub mod transaction;
