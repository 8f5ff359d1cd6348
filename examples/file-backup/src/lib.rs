//! A complete kind of job, to be copied: it backs up plain files in the background.
//!
//! The job pauses, keeps to a speed, reports its progress and has a policy for I/O errors, as
//! QEMU's `blockdev-backup` has. Several backups can be one transaction: they succeed together, or
//! none leaves a copy.
//!
//! * [`schema`]: the commands that start backups, with their types and events. Clients control a
//!   running backup with the commands of `job.json`, which [`job::qmp`] brings along.
//! * [`backup`]: the work itself, a [`JobDriver`](job::JobDriver).

pub mod backup;
pub mod schema;
