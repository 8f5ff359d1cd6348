//! The QMP commands, events and types of this program: a part of QEMU's `block-core.json`, at the
//! level of QEMU 10.0.
//!
//! Everything here says what clients may say and hear, and hands it to the layers below: nodes to
//! [`nodes`](crate::nodes), jobs to [`jobs`](crate::jobs) and [`block_job`](crate::block_job).

pub mod amend;
pub mod backup;
pub mod block_job;
pub mod blockdev;
pub mod commit;
pub mod create;
pub mod mirror;
pub mod stream;
pub mod transaction;
