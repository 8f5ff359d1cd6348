//! The QMP commands of this program, at the level of QEMU 10.0.
//!
//! Each command is a few lines. The argument types are in [`schema`](crate::schema). The work is
//! done by [`nodes`](block::nodes), [`jobs`](crate::jobs) and [`block_job`](crate::block_job).

pub mod backup;
pub mod block_graph;
pub mod block_job;
pub mod block_stats;
pub mod blockdev;
pub mod chardev;
pub mod commit;
pub mod dirty_bitmap;
pub mod export;
pub mod image;
pub mod mirror;
pub mod nbd_server;
pub mod node;
pub mod object;
pub mod qom;
pub mod query;
pub mod snapshot;
pub mod stream;
pub mod transaction;
