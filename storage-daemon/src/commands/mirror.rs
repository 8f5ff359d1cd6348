//! `blockdev-mirror` and `drive-mirror`: a node made the same as another one, by a job.

use qapi_core::{Result, qapi_command};

use crate::block_job::BlockJobContext;
use crate::jobs::mirror;
use crate::jobs::prepare::prepare_and_start;
use crate::schema::mirror::{BlockdevMirror, DriveMirror};

/// Begins to make a node the same as another, and to keep it so.
///
/// When the job is ready, completing it has the users of the source use the target.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use, the job cannot be made, or an option
/// makes no sense.
#[qapi_command(since = "2.6", boxed, allow_preconfig)]
pub async fn blockdev_mirror(
    #[qapi(state)] context: &BlockJobContext,
    options: BlockdevMirror,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |_transaction| Ok(vec![mirror::blockdev_mirror(&context, options)?]))
        .await
}

/// Begins to copy a node to a file, which is made before unless it is to exist, and to keep it the
/// same.
///
/// # Errors
/// As for `blockdev-mirror`; the file cannot be made or opened. A file that was not there before
/// is removed then.
#[qapi_command(since = "1.3", boxed, allow_preconfig)]
pub async fn drive_mirror(
    #[qapi(state)] context: &BlockJobContext,
    options: DriveMirror,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |_transaction| Ok(vec![mirror::drive_mirror(&context, options)?]))
        .await
}
