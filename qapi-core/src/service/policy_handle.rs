//! A policy that may change while the server runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};

use crate::call::peer::Peer;
use crate::call::session::CommandPermissions;
use crate::call::state::OobSafe;
use crate::policy::Policy;
use crate::protocol::outbox::{CloseReason, Outbox};
use crate::registry::Registry;
use crate::registry::error::RegistryError;
use crate::schema::definition::Part;

/// A handle of a policy, which may change while the server runs. All clones are the same policy.
///
/// A change applies to the next command of every session and to the next client. Clients that are
/// connected stay connected, unless
/// [`replace_and_disconnect`](Self::replace_and_disconnect) changes the policy. A command that has
/// begun is not interrupted.
///
/// ```
/// use qapi_core::Server;
/// use qapi_core::policy::{Access, Policy};
/// use qapi_core::service::PolicyHandle;
///
/// let policy = PolicyHandle::new(Policy::new());
/// let server = Server::new().policy(policy.clone());
/// // Later, on any thread, for example after SIGHUP:
/// policy.replace(Policy::new().command("quit", Access::none().allow_uid(0)))?;
/// # let _ = server;
/// # Ok::<(), qapi_core::registry::RegistryError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PolicyHandle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    policy: RwLock<Arc<Policy>>,
    /// Whether the policy has rules for commands. Without any, a call does not take the lock.
    has_rules: AtomicBool,
    /// The registry that a new policy must fit, once a service has one.
    registry: OnceLock<Weak<Registry>>,
    /// The clients that the policy has admitted.
    clients: Mutex<Vec<Weak<Outbox>>>,
}

impl Default for PolicyHandle {
    fn default() -> Self {
        Self::new(Policy::new())
    }
}

impl From<Policy> for PolicyHandle {
    fn from(policy: Policy) -> Self {
        Self::new(policy)
    }
}

impl PolicyHandle {
    /// A handle of `policy`.
    pub fn new(policy: Policy) -> Self {
        let has_rules = AtomicBool::new(policy.has_rules());
        let (policy, registry) = (RwLock::new(Arc::new(policy)), OnceLock::new());
        Self(Arc::new(Shared { policy, has_rules, registry, clients: Mutex::default() }))
    }

    /// The policy now.
    pub fn get(&self) -> Arc<Policy> {
        // No code panics under the lock, so poison is ignored.
        Arc::clone(&self.0.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the policy. The part on deprecated and unstable features, [`Policy::compat`], stays
    /// as it was when the server started, as clients may have read the schema.
    ///
    /// # Errors
    /// The errors of [`Registry::check_policy`], once the server runs. The old policy then stays in
    /// force. Before the server runs nothing is checked, and a wrong policy prevents its start.
    pub fn replace(&self, policy: Policy) -> Result<(), RegistryError> {
        if let Some(registry) = self.0.registry.get().and_then(Weak::upgrade) {
            registry.check_policy(&policy)?;
        }
        let mut current = self.0.policy.write().unwrap_or_else(PoisonError::into_inner);
        self.0.has_rules.store(policy.has_rules(), Ordering::Relaxed);
        *current = Arc::new(policy);
        Ok(())
    }

    /// Replaces the policy like [`replace`](Self::replace), and disconnects each client that the
    /// new policy does not [admit](Self::may_connect). Such a client receives an error, and its
    /// session ends like that of a client which disconnects: a call in flight continues, unless its
    /// command has the word `cancel_on_disconnect`. Connections that no policy has admitted stay:
    /// standard input and output, connections that the program made or inherited, and clients
    /// within the process.
    ///
    /// ```
    /// use qapi_core::policy::{Access, Policy};
    /// use qapi_core::service::PolicyHandle;
    ///
    /// let monitors = PolicyHandle::new(Policy::new().peers(Access::anyone()));
    /// // Later: only root may stay.
    /// monitors.replace_and_disconnect(Policy::new().peers(Access::none().allow_uid(0)))?;
    /// # Ok::<(), qapi_core::registry::RegistryError>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`replace`](Self::replace). No client is disconnected then.
    pub fn replace_and_disconnect(&self, policy: Policy) -> Result<(), RegistryError> {
        self.replace(policy)?;
        // The lock is released before a session is closed, which wakes tasks.
        let clients: Vec<_> = self.clients().iter().filter_map(Weak::upgrade).collect();
        for client in clients {
            self.check_client(&client);
        }
        Ok(())
    }

    /// Lets [`replace_and_disconnect`](Self::replace_and_disconnect) disconnect this client.
    pub(crate) fn add_client(&self, client: &Arc<Outbox>) {
        let mut clients = self.clients();
        clients.retain(|client| client.strong_count() > 0);
        clients.push(Arc::downgrade(client));
        drop(clients);
        // Another thread may have replaced the policy since the client was admitted.
        self.check_client(client);
    }

    fn check_client(&self, client: &Outbox) {
        if client.session().peer().is_some_and(|peer| !self.may_connect(peer)) {
            client.close_for(CloseReason::NotAdmitted);
        }
    }

    fn clients(&self) -> MutexGuard<'_, Vec<Weak<Outbox>>> {
        self.0.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `peer` may connect.
    pub fn may_connect(&self, peer: &Peer) -> bool {
        self.get().may_connect(peer)
    }

    /// Lets later policies be checked against `registry`.
    pub(crate) fn bind(&self, registry: &Arc<Registry>) {
        // A handle that two servers share is checked against the commands of the first.
        let _ = self.0.registry.set(Arc::downgrade(registry));
    }

    /// The policy as sessions use it.
    pub(crate) fn permissions(&self) -> Arc<dyn CommandPermissions> {
        Arc::clone(&self.0) as Arc<dyn CommandPermissions>
    }
}

impl CommandPermissions for Shared {
    fn may_execute(&self, peer: Option<&Peer>, command: &Part) -> bool {
        // Another thread that replaces the policy does not wait for calls, so no order is needed.
        !self.has_rules.load(Ordering::Relaxed)
            || self
                .policy
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .may_execute(peer, command)
    }

    fn restricts(&self, peer: Option<&Peer>) -> bool {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).restricts(peer)
    }
}

/// The lock is free but for moments.
impl OobSafe for PolicyHandle {}
