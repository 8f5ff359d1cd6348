//! Making last what a job has written, before it says that it is done.
//!
//! QEMU leaves that to the host but for mirrors. Here it belongs to the job: what cannot be flushed
//! is an error of its target like any other, so that a client need not take for done what is lost.

use std::sync::Arc;

use block::copy::{ErrorAction, Side};
use block::nodes::Node;
use qapi_core::Result;

use super::{BlockJobHandle, OnError};
use crate::schema::block_job::BlockdevOnError;

/// Tries to make all writes to a target so far last, on a thread for blocking work. Gives what to
/// do about an error otherwise, unless the job is to fail by it.
///
/// # Errors
/// That of [`Node::flush`].
pub async fn try_flush(
    job: BlockJobHandle<'_>,
    target: &Arc<Node>,
    on_error: OnError,
) -> Result<Option<ErrorAction>> {
    let target = Arc::clone(target);
    let flushed = tokio::task::spawn_blocking(move || target.flush()).await;
    let flushed = flushed.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked).into()));
    let Err(error) = flushed else { return Ok(None) };
    match job.handle_error(on_error, Side::Target, &error) {
        ErrorAction::Report => Err(error.into()),
        action @ (ErrorAction::Ignore | ErrorAction::Stop) => Ok(Some(action)),
    }
}

/// As [`try_flush`], until it is done or its error is to be ignored.
///
/// # Errors
/// The job is cancelled, or as for [`try_flush`].
pub async fn flush(
    job: BlockJobHandle<'_>,
    target: &Arc<Node>,
    on_error: BlockdevOnError,
) -> Result<()> {
    let on_error = OnError { source: on_error, target: on_error };
    while let Some(ErrorAction::Stop) = try_flush(job, target, on_error).await? {
        job.pause_point().await?;
    }
    Ok(())
}
