//! The limit of the requests that all copies have in flight together.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::control::{CopyControl, CopyError};

/// The default limit of [`CopySlots`]. Each request in flight occupies a thread for blocking work,
/// for as long as its disk hangs. The process must have more of those threads than this, so that
/// others can still get one.
pub const COPY_REQUESTS_MAX: usize = 256;

/// How long a copy waits for a slot before it checks its [`CopyControl`] again. The wait ends
/// earlier if the control pauses or stops the copy.
const SLOT_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Slots for requests in flight, shared by several copies. Clones share the same slots.
#[derive(Clone, Debug)]
pub struct CopySlots(Arc<Semaphore>);

impl CopySlots {
    /// Allows `slots` requests in flight.
    pub fn new(slots: usize) -> Self {
        CopySlots(Arc::new(Semaphore::new(slots)))
    }

    /// Takes a slot if one is free. Dropping the permit frees the slot.
    pub(super) fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }

    /// Waits until a slot may be free, or the control ends the wait.
    pub(super) async fn wait<C: CopyControl>(
        &self,
        control: &C,
    ) -> Result<(), CopyError<C::Stop>> {
        tokio::select! {
            // The semaphore is never closed.
            permit = self.0.acquire() => drop(permit),
            waited = control.wait(SLOT_POLL_INTERVAL) => waited.map_err(CopyError::Stopped)?,
        }
        Ok(())
    }

    /// Takes a slot, and waits for one if none is free.
    pub(super) async fn acquire<C: CopyControl>(
        &self,
        control: &C,
    ) -> Result<OwnedSemaphorePermit, CopyError<C::Stop>> {
        loop {
            if let Some(slot) = self.take() {
                return Ok(slot);
            }
            self.wait(control).await?;
        }
    }
}

impl Default for CopySlots {
    fn default() -> Self {
        Self::new(COPY_REQUESTS_MAX)
    }
}
