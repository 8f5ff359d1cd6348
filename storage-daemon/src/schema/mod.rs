//! The types of this program's commands and events, at the level of QEMU 10.0.
//!
//! The types of [`encryption`] are from QEMU's `crypto.json`, those of [`transaction`] from
//! `transaction.json`, those of [`export`] from `block-export.json`, those of [`socket_address`]
//! from `sockets.json`, those of [`object`] from `qom.json`, `crypto.json` and `authz.json`, those
//! of [`qom`] from `qom.json`, those of [`chardev`] from `char.json`, and all others from
//! `block-core.json`. The options of block nodes, which are from `block-core.json` too, are in
//! [`block::options`].
//!
//! The commands are in [`commands`](crate::commands).

pub mod amend;
pub mod backup;
pub mod block_graph;
pub mod block_job;
pub mod block_stats;
pub mod chardev;
pub mod chardev_options;
pub mod chardev_wrappers;
pub mod create;
pub mod dirty_bitmap;
pub mod encryption;
pub mod export;
pub mod image_corrupted;
pub mod mirror;
pub mod node_info;
pub mod object;
pub mod qom;
pub mod snapshot;
pub mod socket_address;
pub mod throttle;
pub mod transaction;
pub mod write_threshold;
