//! The end of a copy: the target keeps what it has been given.

use super::{Copier, CopyControl, CopyError, ErrorAction, Side, panic_error};
use std::sync::Arc;

impl Copier {
    /// Makes last what the target has been given. What becomes of an error is the job's choice: it
    /// may be content with what the host has.
    ///
    /// # Errors
    /// [`CopyError`].
    pub async fn flush<C: CopyControl>(&self, control: &C) -> Result<(), CopyError<C::Stop>> {
        loop {
            let target = Arc::clone(&self.target);
            let flushed = tokio::task::spawn_blocking(move || target.flush()).await;
            let Err(error) = flushed.unwrap_or_else(|panicked| Err(panic_error(panicked))) else {
                return Ok(());
            };
            let side = Side::Target;
            match control.on_error(side, &error) {
                ErrorAction::Report => return Err(CopyError::Failed { side, error }),
                ErrorAction::Ignore => return Ok(()),
                ErrorAction::Stop => control.pause_point().await.map_err(CopyError::Stopped)?,
            }
        }
    }
}
