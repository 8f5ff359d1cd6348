//! The options of a session.

use std::sync::Arc;

use crate::call::peer::Peer;
use crate::memory_budget::MemoryBudget;
use crate::protocol::outbox::DEFAULT_OUTPUT_LIMIT;
use crate::service::PolicyHandle;

/// The options of a session.
///
/// ```
/// use qapi_core::session::SessionOptions;
///
/// let options = SessionOptions::default().pretty(true).output_limit(1 << 20);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionOptions {
    /// The client, where the transport identifies it.
    pub peer: Option<Peer>,
    /// Whether messages are indented over several lines, for people.
    pub pretty: bool,
    /// The number of bytes that a client may leave unread before its session is closed.
    pub output_limit: usize,
    /// The memory that this session and others may use together.
    pub memory_budget: MemoryBudget,
    /// The name of the listener that accepted the client.
    pub listener: Option<Arc<str>>,
    /// The policy for this session; `None` for that of the service.
    pub policy: Option<PolicyHandle>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        let (output_limit, memory_budget) = (DEFAULT_OUTPUT_LIMIT, MemoryBudget::default());
        let (peer, listener, policy) = (None, None, None);
        Self { peer, pretty: false, output_limit, memory_budget, listener, policy }
    }
}

impl SessionOptions {
    /// Sets the client as the transport identifies it; `None` where it does not.
    #[must_use]
    pub fn peer(mut self, peer: Option<Peer>) -> Self {
        self.peer = peer;
        self
    }

    /// Sets whether messages are indented over several lines.
    #[must_use]
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = pretty;
        self
    }

    /// Sets the number of bytes that a client may leave unread before its session is closed.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// Sets the memory that this session and others may use together. By default each
    /// `SessionOptions` has a budget of its own, of 256 MiB for up to 64 sessions.
    #[must_use]
    pub fn memory_budget(mut self, budget: MemoryBudget) -> Self {
        self.memory_budget = budget;
        self
    }

    /// Sets the name of the listener that accepted the client.
    #[must_use]
    pub fn listener(mut self, name: Option<Arc<str>>) -> Self {
        self.listener = name;
        self
    }

    /// Sets the policy for this session in place of that of the service.
    #[must_use]
    pub fn policy(mut self, policy: Option<PolicyHandle>) -> Self {
        self.policy = policy;
        self
    }
}
