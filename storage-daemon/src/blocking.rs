//! Blocking work, on the threads that tokio has for it.

use std::io;

use block::error::Error;
use qapi_core::Result;

/// Runs work that blocks, as the main loop must not. A panic becomes an I/O error.
///
/// The work runs to its end, and drops what it owns there, even if the future is dropped.
///
/// # Errors
/// Those of the work.
pub(crate) async fn blocking<T: Send + 'static, E: Into<qapi_core::Error> + Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, E> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(E::into),
        Err(panicked) => Err(Error::Io(io::Error::other(panicked)).into()),
    }
}

/// Drops a value whose drop may block.
pub(crate) async fn drop_blocking<T: Send + 'static>(value: T) {
    // The panic hook has reported a panic already.
    let _ = tokio::task::spawn_blocking(move || drop(value)).await;
}
