//! The operator's policy: which peers may connect and execute commands, and how the server treats
//! deprecated and unstable parts of the schema.

mod access;
mod profile;

use std::collections::HashMap;

pub use access::Access;
#[cfg(feature = "server")]
pub(crate) use access::is_owner_or_root;
pub use profile::CommandProfile;

pub use crate::schema::compat::{CompatPolicy, CompatPolicyInput, CompatPolicyOutput};

use crate::call::peer::Peer;
use crate::call::state::OobSafe;
use crate::pattern::NamePattern;
use crate::schema::definition::{Definition, Part};

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
    /// Rules for single commands. Each name occurs once, unless the policy contradicts itself.
    commands: HashMap<String, Access>,
    /// The names for which several rules were set.
    repeated: Vec<String>,
    /// Rules for sets of commands, in the order in which they were added.
    profiles: Vec<(CommandProfile, Access)>,
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
        Self {
            peers: Access::owner_and_root(),
            commands: HashMap::new(),
            repeated: Vec::new(),
            profiles: Vec::new(),
            compat: CompatPolicy::default(),
        }
    }

    /// Sets who may connect: to a unix socket, besides the permissions of its file, by user and
    /// group; over vsock by machine. By default no machine may connect. Other transports do not
    /// identify clients, and admit every client.
    #[must_use]
    pub fn peers(mut self, access: Access) -> Self {
        self.peers = access;
        self
    }

    /// Sets who may execute the command `name`. For all others the command does not exist: it is
    /// not found, and absent from the answers of `query-commands` and `query-qmp-schema`. A server
    /// does not start with a policy for a command that it does not have, or with two rules for one
    /// command.
    #[must_use]
    pub fn command(mut self, name: impl Into<String>, access: Access) -> Self {
        let name = name.into();
        if self.commands.insert(name.clone(), access).is_some() {
            self.repeated.push(name);
        }
        self
    }

    /// Sets who may execute the commands whose names match `pattern`, in which `*` stands for any
    /// characters; otherwise like [`command`](Self::command). A server does not start with a
    /// pattern that matches no command.
    ///
    /// The rule for the name of a command precedes patterns, and a later pattern precedes an
    /// earlier one. A server does not start with a rule that others precede for every command. No
    /// pattern applies to `qmp_capabilities`, without which a client could execute nothing.
    ///
    /// ```standalone_crate
    /// use qapi_core::Registry;
    /// use qapi_core::policy::{Access, Policy};
    /// use qapi_core::session::{Peer, PeerCredentials};
    ///
    /// let administrators = || Access::none().allow_gid(100);
    /// let policy = Policy::new()
    ///     .commands("*", administrators())
    ///     .commands("query-*", Access::anyone())
    ///     .command("query-qmp-schema", administrators());
    /// let registry = Registry::collect()?;
    /// registry.check_policy(&policy)?;
    /// let user = Peer::from(PeerCredentials::new(1000, 1000));
    /// let may = |name| policy.may_execute(Some(&user), registry.definition(name).unwrap());
    /// assert!(may("query-version"));
    /// assert!(!may("query-qmp-schema"));
    /// assert!(!may("quit"));
    /// # Ok::<(), qapi_core::registry::RegistryError>(())
    /// ```
    #[must_use]
    pub fn commands(self, pattern: impl Into<NamePattern>, access: Access) -> Self {
        let pattern = pattern.into();
        self.profile(CommandProfile::new(pattern.to_string()).commands(pattern), access)
    }

    /// Sets who may execute the commands that have the feature `name` in the schema, such as
    /// `unstable` or a feature of the program's own; otherwise like [`commands`](Self::commands).
    #[must_use]
    pub fn commands_with_feature(self, name: impl Into<String>, access: Access) -> Self {
        let name = name.into();
        self.profile(CommandProfile::new(name.clone()).feature(name), access)
    }

    /// Sets who may execute the commands of `profile`; otherwise like
    /// [`commands`](Self::commands).
    #[must_use]
    pub fn profile(mut self, profile: CommandProfile, access: Access) -> Self {
        self.profiles.push((profile, access));
        self
    }

    /// Sets the policy on deprecated and unstable parts of the schema.
    #[must_use]
    pub fn compat(mut self, compat: CompatPolicy) -> Self {
        self.compat = compat;
        self
    }

    /// Whether `peer` may connect.
    pub fn may_connect(&self, peer: &Peer) -> bool {
        self.peers.permits(Some(peer))
    }

    /// Whether `peer` may execute `command`.
    pub fn may_execute(&self, peer: Option<&Peer>, command: &Part) -> bool {
        match self.deciding_rule(command) {
            None => true,
            Some(Deciding::Command(access)) => access.permits(peer),
            Some(Deciding::Profile(index)) => {
                self.profiles.get(index).is_none_or(|(_, access)| access.permits(peer))
            }
        }
    }

    /// The rule that decides about `command`, if there is one.
    fn deciding_rule(&self, command: &Part) -> Option<Deciding<'_>> {
        if let Some(access) = self.commands.get(command.name) {
            return Some(Deciding::Command(access));
        }
        if command.name == NEGOTIATION_COMMAND {
            return None;
        }
        let index = self.profiles.iter().rposition(|(profile, _)| profile.contains(command))?;
        Some(Deciding::Profile(index))
    }

    /// Whether there are rules for commands.
    pub(crate) fn has_rules(&self) -> bool {
        !self.commands.is_empty() || !self.profiles.is_empty()
    }

    /// Whether the policy refuses `peer` any command.
    pub(crate) fn restricts(&self, peer: Option<&Peer>) -> bool {
        let profiles = self.profiles.iter().map(|(_, access)| access);
        self.commands.values().chain(profiles).any(|access| !access.permits(peer))
    }

    /// The names of the rules that match none of `commands`.
    pub(crate) fn unmatched_rules(&self, commands: &[&'static Definition]) -> Vec<&str> {
        let names = self.commands.keys().map(String::as_str);
        let unmatched =
            names.filter(|name| !commands.iter().any(|command| command.name == *name));
        let profiles = self.profiles.iter().map(|(profile, _)| profile);
        let empty =
            profiles.filter(|profile| !commands.iter().any(|command| profile.contains(command)));
        unmatched.chain(empty.map(CommandProfile::name)).collect()
    }

    /// What contradicts itself, for people.
    pub(crate) fn contradictions(&self, commands: &[&'static Definition]) -> Vec<String> {
        let of_commands = self.commands.iter().map(|(name, access)| (name.as_str(), access));
        let of_profiles = self.profiles.iter().map(|(profile, access)| (profile.name(), access));
        let lists = of_commands.chain(of_profiles).map(|(name, access)| (Some(name), access));
        let mut found = Vec::new();
        for (name, access) in [(None, &self.peers)].into_iter().chain(lists) {
            let of = name.map_or("for clients".to_owned(), |name| format!("for `{name}`"));
            found.extend(access.contradictions().into_iter().map(|id| {
                format!("the policy {of} both allows and denies {id}; remove one of the two")
            }));
        }
        found.extend(self.repeated.iter().map(|name| {
            format!("the policy has two rules for the command `{name}`; remove one of the two")
        }));
        let decides = |index: usize| {
            commands.iter().any(|command| {
                matches!(self.deciding_rule(command), Some(Deciding::Profile(i)) if i == index)
            })
        };
        for (index, (profile, _)) in self.profiles.iter().enumerate() {
            let matches = commands.iter().any(|command| profile.contains(command));
            if matches && !decides(index) {
                found.push(format!(
                    "the rule of the policy for `{}` never applies, as other rules precede it for \
                     each of its commands; remove it, or add it after them",
                    profile.name()
                ));
            }
        }
        found.sort_unstable();
        found
    }

    pub(crate) fn compat_policy(&self) -> CompatPolicy {
        self.compat
    }
}

/// A rule that decides about a command.
enum Deciding<'p> {
    /// The rule for its name.
    Command(&'p Access),
    /// The rule for the profile of this index.
    Profile(usize),
}

/// The command that no pattern restricts.
const NEGOTIATION_COMMAND: &str = "qmp_capabilities";

/// A policy never changes.
impl OobSafe for Policy {}
