//! Work that may take its time, on a thread where nobody waits for it who does not want to.

use std::io;

use block::error::Error;
use qapi_core::Result;

/// Does work that blocks, which the main loop must not. A panic is an error.
///
/// The work is done in any case, and what it holds is let go of there, also when nobody waits for
/// the result any more.
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

/// Lets go of something where that blocks.
pub(crate) async fn drop_blocking<T: Send + 'static>(kept: T) {
    // That of a panic has been told by then.
    let _ = tokio::task::spawn_blocking(move || drop(kept)).await;
}
