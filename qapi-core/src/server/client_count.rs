//! The number of clients of a listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of clients that are connected through a
/// [`Listener`](crate::Listener::client_count). Clones are handles to the same number.
#[derive(Debug, Clone, Default)]
pub struct ClientCount(Arc<AtomicUsize>);

impl ClientCount {
    /// The number at this moment.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one client until the guard is dropped.
    pub(super) fn enter(&self) -> CountedClient {
        self.0.fetch_add(1, Ordering::Relaxed);
        CountedClient(self.clone())
    }
}

/// One client, which counts until this is dropped.
#[derive(Debug)]
pub(super) struct CountedClient(ClientCount);

impl Drop for CountedClient {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
