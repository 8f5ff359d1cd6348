//! `blockdev-mirror` and `drive-mirror`: jobs that copy a node and keep the copy up to date.

use qapi_core::{Result, qapi_command};

use crate::block_job::BlockJobContext;
use crate::jobs::mirror;
use crate::jobs::prepare::prepare_and_start;
use crate::schema::mirror::{BlockdevMirror, DriveMirror};

/// Starts a job that copies a node to another node, and keeps the copy up to date.
///
/// When the job is ready, a client can complete the job. The target then replaces the source.
///
/// # Errors
/// The nodes do not exist, do not fit together or are in use; the job cannot be created; an option
/// is malformed or not supported.
#[qapi_command(since = "2.6", boxed, allow_preconfig)]
pub async fn blockdev_mirror(
    #[qapi(state)] context: &BlockJobContext,
    options: BlockdevMirror,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |_transaction| {
        Ok(vec![mirror::blockdev_mirror(&context, options)?.into()])
    })
    .await
}

/// Starts a job that copies a node to a file, which is created by default, and keeps the copy up to
/// date.
///
/// # Errors
/// As for `blockdev-mirror`; or the file cannot be created or opened. After an error, a new file is
/// removed.
#[qapi_command(since = "1.3", boxed, allow_preconfig)]
pub async fn drive_mirror(
    #[qapi(state)] context: &BlockJobContext,
    options: DriveMirror,
) -> Result<()> {
    let context = context.clone();
    prepare_and_start(move |_transaction| {
        Ok(vec![mirror::drive_mirror(&context, options)?.into()])
    })
    .await
}
