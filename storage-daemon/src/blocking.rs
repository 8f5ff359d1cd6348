//! Runs blocking work on tokio's blocking threads.

use std::io;

use block::error::Error;
use qapi_core::Result;

/// Runs blocking work outside the main loop.
///
/// If the future is dropped, the work still runs to its end, and the blocking thread drops the
/// values that the work owns.
///
/// # Errors
/// The error of `work`, or an I/O error if `work` panics.
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
