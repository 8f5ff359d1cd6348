//! The commands that start backups and change their speed.

use job::{CreatedJob, JobOptions, Jobs, Speed, Transaction};
use qapi_core::Result;
use qapi_core::prelude::*;

use crate::backup::Backup;
use crate::schema::{FileBackup, FileBackupJobType};

/// Starts a backup.
///
/// # Errors
/// A file cannot be opened or created, the identifier is malformed or in use, or the speed is
/// negative.
#[qapi_command(since = "1.0", boxed)]
pub fn file_backup(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] events: &Events,
    backup: FileBackup,
) -> Result<()> {
    start_together(jobs, events, vec![backup])
}

/// Starts several backups, which succeed together: if one fails or is cancelled, no target remains.
///
/// # Errors
/// The errors of `file-backup` for any of the backups. No backup is started then.
#[qapi_command(since = "1.0")]
pub fn file_backup_transaction(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] events: &Events,
    /// The backups.
    backups: Vec<FileBackup>,
) -> Result<()> {
    start_together(jobs, events, backups)
}

/// Changes the rate limit of a backup.
///
/// # Errors
/// There is no such job, its state forbids it, or the speed is negative.
#[qapi_command(since = "1.0")]
pub fn file_backup_set_speed(
    #[qapi(state)] jobs: &Jobs,
    /// The job's identifier.
    id: &str,
    /// The rate limit in bytes per second; 0 means no limit.
    speed: i64,
) -> Result<()> {
    jobs.get(id)?.set_speed(Speed::try_from(speed)?)
}

/// Creates all jobs before it starts the first: a transaction that is over accepts no member, and a
/// job that is not started can still be undone.
fn start_together(jobs: &Jobs, events: &Events, backups: Vec<FileBackup>) -> Result<()> {
    let transaction = Transaction::new();
    let mut created = Vec::new();
    for backup in backups {
        match create(jobs, events, backup, &transaction) {
            Ok(job) => created.push(job),
            Err(error) => {
                created.into_iter().rev().for_each(CreatedJob::undo);
                return Err(error);
            }
        }
    }
    for job in created {
        job.start();
    }
    Ok(())
}

fn create(
    jobs: &Jobs,
    events: &Events,
    backup: FileBackup,
    transaction: &Transaction,
) -> Result<CreatedJob> {
    let options = JobOptions::new(FileBackupJobType::FileBackup)
        .id(&backup.job_id)
        .speed(Speed::try_from(backup.speed.unwrap_or(0))?)
        .auto_finalize(backup.auto_finalize.unwrap_or(true))
        .auto_dismiss(backup.auto_dismiss.unwrap_or(true));
    jobs.create(options, Backup::open(&backup, events)?, Some(transaction))
}
