//! A complete kind of job, to be copied: it backs up plain files in the background.
//!
//! Like QEMU's `blockdev-backup`, the job can pause, has a speed and a policy for I/O errors, and
//! reports its progress. Several backups can be one transaction: they succeed together, or none
//! leaves a copy.
//!
//! * [`schema`]: the types and the event.
//! * [`commands`]: the commands that start backups. Clients control a running backup with the
//!   commands of `job.json`, which [`job::qmp`] defines.
//! * [`backup`]: the work itself, a [`JobDriver`](job::JobDriver).

pub mod backup;
pub mod commands;
pub mod schema;
