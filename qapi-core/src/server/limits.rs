//! The limits of a server, and the methods of [`Server`] that set them.

use std::time::Duration;

use super::Server;
use super::executor::DEFAULT_BLOCKING_LIMIT;
use crate::memory_budget::MemoryBudget;
use crate::protocol::outbox::DEFAULT_OUTPUT_LIMIT;

/// The number of clients that a server serves at a time by default.
const DEFAULT_CLIENTS: usize = 64;

/// The default time in which a client has to negotiate. A person who types needs seconds.
const DEFAULT_NEGOTIATION_DEADLINE: Duration = Duration::from_secs(30);

/// The default time for which a server that shuts down waits for calls in flight to end and for
/// clients to read their last replies.
const DEFAULT_DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// The limits of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) clients: usize,
    /// The number of clients of one user; `None` for the default, which depends on the user.
    pub(super) clients_of_user: Option<usize>,
    /// The number of unread bytes of one client.
    pub(super) output: usize,
    /// The number of bytes for all clients together.
    pub(super) memory: usize,
    /// The number of blocking functions at a time.
    pub(super) blocking: usize,
    pub(super) negotiation_deadline: Duration,
    pub(super) drain_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: DEFAULT_CLIENTS,
            clients_of_user: None,
            output: DEFAULT_OUTPUT_LIMIT,
            memory: MemoryBudget::default_limit(),
            blocking: DEFAULT_BLOCKING_LIMIT,
            negotiation_deadline: DEFAULT_NEGOTIATION_DEADLINE,
            drain_deadline: DEFAULT_DRAIN_DEADLINE,
        }
    }
}

impl Server {
    /// Limits the number of connected clients; 64 by default. A client beyond the limit receives an
    /// error in place of the greeting and is disconnected.
    ///
    /// One place is reserved for root and the user of the server: with a limit of at least two,
    /// other clients never take the last place. A client whose call continues after its disconnect
    /// occupies its place until the call ends.
    pub fn client_limit(mut self, clients: usize) -> Self {
        self.limits.clients = clients;
        self
    }

    /// Limits the number of connected clients of each user; clients that the transport does not
    /// identify, as on TCP, count as one user.
    ///
    /// By default root, the user of the server and unidentified clients have no such limit, and
    /// each other user may have half of the [`client_limit`](Self::client_limit).
    pub fn client_limit_per_user(mut self, clients: usize) -> Self {
        self.limits.clients_of_user = Some(clients);
        self
    }

    /// Limits the time from the connection of a client to its capabilities negotiation; 30 seconds
    /// by default. A client that exceeds the limit receives an error and is disconnected. After the
    /// negotiation a client may be idle forever.
    ///
    /// The limit applies to clients that connect to a socket of the server. It does not apply to
    /// standard input and output, and to outgoing connections.
    pub fn negotiation_deadline(mut self, deadline: Duration) -> Self {
        self.limits.negotiation_deadline = deadline;
        self
    }

    /// Limits the bytes of output that a client may leave unread; 16 MiB by default. A client
    /// beyond the limit is disconnected. Replies count too, so the limit must exceed the largest
    /// reply, usually the reply to `query-qmp-schema`.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.limits.output = bytes;
        self
    }

    /// Limits the memory in bytes for all clients together; 256 MiB by default. The limit covers
    /// input that is not complete, requests that wait, decoded arguments of calls in flight, and
    /// unread output.
    ///
    /// Each client may use 1 MiB in any case, or half of the limit divided by the
    /// [`client_limit`](Self::client_limit) if that is less. When the limit is reached, the clients
    /// that use most receive an error and are disconnected. A call whose arguments do not fit is
    /// refused with an error reply.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.limits.memory = bytes;
        self
    }

    /// Limits the number of `blocking` functions that run at a time, each on its own thread; 16 by
    /// default, at least 1. Further calls wait.
    pub fn blocking_limit(mut self, functions: usize) -> Self {
        self.limits.blocking = functions;
        self
    }

    /// Sets the deadline of the shutdown, 5 seconds by default. Until then the server waits for
    /// calls in flight to end and for clients to read their last replies. At the deadline the
    /// server drops the calls, with a line in the log for each, and disconnects the clients. A
    /// blocking function cannot be dropped: its thread runs until the function returns, and the
    /// server does not wait for it.
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.limits.drain_deadline = deadline;
        self
    }
}
