//! The number of clients of a listener, and the addresses of those that use TCP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of clients that are connected through a
/// [`Listener`](crate::Listener::client_count). Clones are handles to the same number.
#[derive(Debug, Clone, Default)]
pub struct ClientCount(Arc<Mutex<Clients>>);

/// The two ends of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpEnds {
    /// The address of this program.
    pub local: SocketAddr,
    /// The address of the client.
    pub remote: SocketAddr,
}

impl TcpEnds {
    pub(super) fn new(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { local, remote }
    }
}

#[derive(Debug, Default)]
struct Clients {
    /// By a number that grows with time; `None` for a client that does not use TCP.
    ends: BTreeMap<u64, Option<TcpEnds>>,
    next: u64,
}

impl ClientCount {
    /// The number at this moment.
    pub fn get(&self) -> usize {
        self.lock().ends.len()
    }

    /// The connection of the client that has been connected longest; `None` if there is no client,
    /// or that one does not use TCP.
    pub fn oldest_tcp(&self) -> Option<TcpEnds> {
        self.lock().ends.values().next().copied().flatten()
    }

    /// Counts one client until the guard is dropped.
    pub(super) fn enter(&self, ends: Option<TcpEnds>) -> CountedClient {
        let mut clients = self.lock();
        let number = clients.next;
        clients.next += 1;
        clients.ends.insert(number, ends);
        CountedClient { count: self.clone(), number }
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client, which counts until this is dropped.
#[derive(Debug)]
pub(super) struct CountedClient {
    count: ClientCount,
    number: u64,
}

impl Drop for CountedClient {
    fn drop(&mut self) {
        self.count.lock().ends.remove(&self.number);
    }
}
