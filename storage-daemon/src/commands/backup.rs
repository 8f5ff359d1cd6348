//! `blockdev-backup` and `drive-backup`: a node copied as it is at one point in time, by a job.

use qapi_core::{Result, qapi_command};

use crate::block_job::BlockJobContext;
use crate::jobs::backup;
use crate::jobs::prepare::prepare_and_start;
use crate::schema::backup::{BlockdevBackup, DriveBackup};

/// Begins to copy a node, as it is now, to another node.
///
/// With `sync=none` nothing is copied but what others are about to overwrite, until the job is
/// cancelled.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use, the job cannot be made, or an option
/// is not supported.
#[qapi_command(since = "2.3", boxed, allow_preconfig)]
pub async fn blockdev_backup(
    #[qapi(state)] context: &BlockJobContext,
    options: BlockdevBackup,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |transaction| {
        Ok(vec![backup::blockdev_backup(&context, options, transaction)?])
    })
    .await
}

/// Begins to copy a node, as it is now, to a file, which is made before unless it is to exist.
///
/// # Errors
/// As for `blockdev-backup`; the file cannot be made or opened. A file that was not there before
/// is removed then.
#[qapi_command(since = "1.6", boxed, allow_preconfig, features(deprecated))]
pub async fn drive_backup(
    #[qapi(state)] context: &BlockJobContext,
    options: DriveBackup,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |transaction| {
        Ok(vec![backup::drive_backup(&context, options, transaction)?])
    })
    .await
}
