//! The clock of rate limits, deadlines and measured times.

use std::time::Instant;

/// The time now. Under the feature `server` the clock is tokio's, which tests can pause.
pub(crate) fn monotonic_now() -> Instant {
    #[cfg(feature = "server")]
    return tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "server"))]
    Instant::now()
}
