//! `blockdev-backup` and `drive-backup`: jobs that copy a node as it is at one point in time.

use qapi_core::{Result, qapi_command};

use crate::block_job::BlockJobContext;
use crate::jobs::backup;
use crate::jobs::prepare::prepare_and_start;
use crate::schema::backup::{BlockdevBackup, DriveBackup};

/// Starts a job that copies a node, as it is now, to another node.
///
/// With `sync=none`, the job copies only data that are about to be overwritten, until a client
/// cancels the job.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use; the job cannot be created; an option
/// is not supported.
#[qapi_command(since = "2.3", boxed, allow_preconfig)]
pub async fn blockdev_backup(
    #[qapi(state)] context: &BlockJobContext,
    options: BlockdevBackup,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |transaction| {
        Ok(vec![backup::blockdev_backup(&context, options, transaction)?.into()])
    })
    .await
}

/// Starts a job that copies a node, as it is now, to a file, which is created by default.
///
/// # Errors
/// As for `blockdev-backup`; or the file cannot be created or opened. After an error, a new file is
/// removed.
#[qapi_command(since = "1.6", boxed, allow_preconfig, features(deprecated))]
pub async fn drive_backup(
    #[qapi(state)] context: &BlockJobContext,
    options: DriveBackup,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |transaction| {
        Ok(vec![backup::drive_backup(&context, options, transaction)?.into()])
    })
    .await
}
