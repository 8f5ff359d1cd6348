//! The QMP commands of this program: a part of QEMU's `block-core.json` and `transaction.json`, at
//! the level of QEMU 10.0.
//!
//! Each command is a few lines. The argument types are in [`schema`](crate::schema). The work is
//! done by [`nodes`](block::nodes), [`jobs`](crate::jobs) and [`block_job`](crate::block_job).

pub mod backup;
pub mod block_job;
pub mod blockdev;
pub mod commit;
pub mod dirty_bitmap;
pub mod export;
pub mod image;
pub mod mirror;
pub mod nbd_server;
pub mod node;
pub mod object;
pub mod query;
pub mod snapshot;
pub mod stream;
pub mod transaction;
