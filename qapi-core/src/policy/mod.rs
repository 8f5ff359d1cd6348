//! The operator's policy: which peers may connect and execute commands, and how the server treats
//! deprecated and unstable parts of the schema.

mod access;

use std::collections::HashMap;

pub use access::Access;
#[cfg(feature = "server")]
pub(crate) use access::is_owner_or_root;

pub use crate::schema::compat::{CompatPolicy, CompatPolicyInput, CompatPolicyOutput};

use crate::call::session::PeerCredentials;
use crate::call::state::OobSafe;

/// The policy of a server's operator.
///
/// Pass it to [`Server::policy`](crate::Server::policy). By default root and the user of the server
/// may connect and execute every command, and deprecated and unstable parts of the schema are
/// served like all others.
///
/// ```
/// use qapi_core::policy::{Access, CompatPolicy, CompatPolicyInput, Policy};
///
/// let policy = Policy::new()
///     .peers(Access::owner_and_root().allow_gid(1000))
///     .command("quit", Access::owner_and_root())
///     .compat(CompatPolicy::new().deprecated_input(CompatPolicyInput::Reject));
/// # let _ = policy;
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    peers: Access,
    commands: HashMap<String, Access>,
    compat: CompatPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// The default policy.
    pub fn new() -> Self {
        let (commands, compat) = (HashMap::new(), CompatPolicy::default());
        Self { peers: Access::owner_and_root(), commands, compat }
    }

    /// Sets who may connect to a unix socket, besides the permissions of its file. Other transports
    /// do not identify clients, and admit every client.
    #[must_use]
    pub fn peers(mut self, access: Access) -> Self {
        self.peers = access;
        self
    }

    /// Sets who may execute the command `name`. For all others the command does not exist: it is
    /// not found, and absent from the answers of `query-commands` and `query-qmp-schema`. A server
    /// does not start with a policy for a command that it does not have.
    #[must_use]
    pub fn command(mut self, name: impl Into<String>, access: Access) -> Self {
        self.commands.insert(name.into(), access);
        self
    }

    /// Sets the policy on deprecated and unstable parts of the schema.
    #[must_use]
    pub fn compat(mut self, compat: CompatPolicy) -> Self {
        self.compat = compat;
        self
    }

    /// Whether `peer` may connect.
    pub fn may_connect(&self, peer: PeerCredentials) -> bool {
        self.peers.permits(Some(peer))
    }

    /// Whether `peer` may execute the command `name`.
    pub fn may_execute(&self, peer: Option<PeerCredentials>, name: &str) -> bool {
        self.commands.get(name).is_none_or(|access| access.permits(peer))
    }

    /// Whether the policy refuses `peer` any command.
    pub(crate) fn restricts(&self, peer: Option<PeerCredentials>) -> bool {
        self.commands.values().any(|access| !access.permits(peer))
    }

    /// The commands with access lists of their own.
    pub(crate) fn restricted_commands(&self) -> impl Iterator<Item = &str> {
        self.commands.keys().map(String::as_str)
    }

    pub(crate) fn compat_policy(&self) -> CompatPolicy {
        self.compat
    }
}

/// A policy never changes.
impl OobSafe for Policy {}
