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
use crate::pattern::matches;

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
    /// Patterns of names, in the order in which they were added.
    patterns: Vec<(String, Access)>,
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
        let (commands, patterns) = (HashMap::new(), Vec::new());
        let (peers, compat) = (Access::owner_and_root(), CompatPolicy::default());
        Self { peers, commands, patterns, compat }
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

    /// Sets who may execute the commands whose names match `pattern`, in which `*` stands for any
    /// characters; otherwise like [`command`](Self::command). A server does not start with a
    /// pattern that matches no command.
    ///
    /// The rule for the name of a command precedes patterns, and a later pattern precedes an
    /// earlier one. No pattern applies to `qmp_capabilities`, without which a client could execute
    /// nothing.
    ///
    /// ```
    /// use qapi_core::policy::{Access, Policy};
    /// use qapi_core::session::PeerCredentials;
    ///
    /// let administrators = || Access::none().allow_gid(100);
    /// let policy = Policy::new()
    ///     .commands("*", administrators())
    ///     .commands("query-*", Access::anyone())
    ///     .command("query-secrets", administrators());
    /// let user = Some(PeerCredentials::new(1000, 1000));
    /// assert!(policy.may_execute(user, "query-jobs"));
    /// assert!(!policy.may_execute(user, "query-secrets"));
    /// assert!(!policy.may_execute(user, "quit"));
    /// ```
    #[must_use]
    pub fn commands(mut self, pattern: impl Into<String>, access: Access) -> Self {
        self.patterns.push((pattern.into(), access));
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
    #[inline]
    pub fn may_execute(&self, peer: Option<PeerCredentials>, name: &str) -> bool {
        (self.commands.is_empty() && self.patterns.is_empty()) || self.is_permitted(peer, name)
    }

    /// Whether the rules for commands permit `peer` the command `name`.
    fn is_permitted(&self, peer: Option<PeerCredentials>, name: &str) -> bool {
        if let Some(access) = self.commands.get(name) {
            return access.permits(peer);
        }
        let applies = |(pattern, _): &&(String, Access)| {
            name != NEGOTIATION_COMMAND && matches(pattern, name)
        };
        self.patterns.iter().rev().find(applies).is_none_or(|(_, access)| access.permits(peer))
    }

    /// Whether the policy refuses `peer` any command.
    pub(crate) fn restricts(&self, peer: Option<PeerCredentials>) -> bool {
        let patterns = self.patterns.iter().map(|(_, access)| access);
        self.commands.values().chain(patterns).any(|access| !access.permits(peer))
    }

    /// The names and patterns of commands with access lists of their own.
    pub(crate) fn restricted_commands(&self) -> impl Iterator<Item = &str> {
        let patterns = self.patterns.iter().map(|(pattern, _)| pattern.as_str());
        self.commands.keys().map(String::as_str).chain(patterns)
    }

    pub(crate) fn compat_policy(&self) -> CompatPolicy {
        self.compat
    }
}

/// The command that no pattern restricts.
const NEGOTIATION_COMMAND: &str = "qmp_capabilities";

/// A policy never changes.
impl OobSafe for Policy {}
