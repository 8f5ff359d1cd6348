//! Flushes of the target of a copy.

use std::sync::Arc;

use super::Copier;
use super::control::{CopyControl, CopyError, ErrorAction, Side};
use crate::nodes::Node;
use crate::nodes::async_node::run_blocking;

impl Copier {
    /// Flushes the target, as [`flush`] does.
    ///
    /// # Errors
    /// [`CopyError`].
    pub async fn flush<C: CopyControl>(&self, control: &C) -> Result<(), CopyError<C::Stop>> {
        flush(&self.target, control).await
    }
}

/// Flushes a target, on a thread for blocking work, until it succeeds or its error is ignored.
///
/// # Errors
/// [`CopyError`]: the copy is stopped, or the error is reported.
pub async fn flush<C: CopyControl>(
    target: &Arc<Node>,
    control: &C,
) -> Result<(), CopyError<C::Stop>> {
    while let Some(ErrorAction::Stop) = try_flush(target, control).await? {
        control.pause_point().await.map_err(CopyError::Stopped)?;
    }
    Ok(())
}

/// Flushes a target once, on a thread for blocking work. Returns the action that the control
/// decided on if the flush failed, unless it is [`ErrorAction::Report`].
///
/// # Errors
/// [`CopyError::Failed`] if the error is reported.
pub async fn try_flush<C: CopyControl>(
    target: &Arc<Node>,
    control: &C,
) -> Result<Option<ErrorAction>, CopyError<C::Stop>> {
    let flushing = Arc::clone(target);
    let Err(error) = run_blocking(move || flushing.flush()).await else { return Ok(None) };
    let side = Side::Target;
    match control.on_error(side, &error) {
        ErrorAction::Report => Err(CopyError::Failed { side, error }),
        action @ (ErrorAction::Ignore | ErrorAction::Stop) => Ok(Some(action)),
    }
}
