//! The service: everything that the sessions of one server share.

mod options;
mod policy_handle;
pub(crate) mod preconfig;
pub(crate) mod shutdown;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use options::ServiceOptions;
pub use policy_handle::PolicyHandle;

use crate::call::state::StateMap;
use crate::events::Events;
use crate::policy::Policy;
use crate::protocol::greeting::ServerVersion;
use crate::registry::Registry;
use crate::registry::error::RegistryError;
use crate::schema::projection::{Projection, Release};
use crate::schema::view::{MessageFormat, View};
use crate::wire::formatter::Style;
use options::Observation;
use preconfig::Preconfig;
use shutdown::Shutdown;

/// Everything that the sessions of one server share: commands, their state, and events.
///
/// A [`Server`](crate::server::Server) creates its own service. Create one to drive
/// [`Session`](crate::session::Session)s from another event loop, or in a test.
#[derive(Debug)]
pub struct Service {
    registry: Arc<Registry>,
    states: StateMap,
    version: ServerVersion,
    events: Events,
    shutdown: Shutdown,
    policy: PolicyHandle,
    preconfig: Preconfig,
    view: View,
    next_session: AtomicU64,
    observation: Observation,
}

impl Service {
    /// A service with the commands of `registry` and their state.
    ///
    /// The service uses the [`ServerVersion`], [`Events`], [`Shutdown`], [`PolicyHandle`] and
    /// [`Preconfig`] among the states, and adds a default for each that is missing. It also adds
    /// the registry and the [`View`] of clients. Under a [projected](Registry::project) registry
    /// the version has the numbers of that release.
    ///
    /// # Errors
    /// State that commands require is missing, there are several states of one type, or the policy
    /// names commands that do not exist. The error lists every conflict.
    pub fn new(registry: Registry, states: StateMap) -> Result<Self, RegistryError> {
        Self::with_options(registry, states, ServiceOptions::new())
    }

    /// A service with hooks, logs or deadlines; otherwise like [`new`](Self::new).
    ///
    /// # Errors
    /// The errors of [`new`](Self::new).
    pub fn with_options(
        registry: Registry,
        mut states: StateMap,
        options: ServiceOptions,
    ) -> Result<Self, RegistryError> {
        let registry = Arc::new(registry);
        states.insert(Arc::clone(&registry));
        let version = presented_version(&mut states, registry.projection());
        let events: Events = shared_or_default(&mut states);
        let shutdown = shared_or_default(&mut states);
        let policy = policy_of(&mut states);
        let preconfig = shared_or_default(&mut states);
        let view = View::new(registry.projection(), policy.get().compat_policy());
        states.insert(Arc::new(view));
        RegistryError::together([
            registry.check_states(&states),
            registry.check_policy(&policy.get()),
        ])?;
        policy.bind(&registry);
        for pretty in [false, true] {
            events.register_format(MessageFormat { style: Style { pretty, depth: 0 }, view });
        }
        let observation = options.observation();
        if let Some(log) = &observation.traffic {
            events.log_traffic(Arc::clone(log));
        }
        let next_session = AtomicU64::new(1);
        Ok(Self {
            registry,
            states,
            version,
            events,
            shutdown,
            policy,
            preconfig,
            view,
            next_session,
            observation,
        })
    }

    /// The commands, events and types that are served.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The state of the commands.
    pub fn states(&self) -> &StateMap {
        &self.states
    }

    /// The version that the greeting reports.
    pub fn version(&self) -> &ServerVersion {
        &self.version
    }

    /// The handle that emits events to the clients of this service.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The handle that shuts the service down.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// The operator's policy, which applies to sessions without one of their own.
    pub fn policy(&self) -> &PolicyHandle {
        &self.policy
    }

    /// Checks a policy for some of the sessions, and lets later changes of it be checked.
    #[cfg(feature = "server")]
    pub(crate) fn check_and_bind(&self, policy: &PolicyHandle) -> Result<(), RegistryError> {
        self.registry.check_policy(&policy.get())?;
        policy.bind(&self.registry);
        Ok(())
    }

    /// The phase before the daemon is configured.
    pub fn preconfig(&self) -> &Preconfig {
        &self.preconfig
    }

    /// The parts of the schema that clients can see.
    pub fn view(&self) -> &View {
        &self.view
    }

    pub(crate) fn observation(&self) -> &Observation {
        &self.observation
    }

    pub(crate) fn next_session_id(&self) -> u64 {
        self.next_session.fetch_add(1, Ordering::Relaxed)
    }
}

/// The version to report. For the schema of an earlier release, it has the numbers of that release.
fn presented_version(states: &mut StateMap, projection: Option<Projection>) -> ServerVersion {
    let version: ServerVersion = shared_or_default(states);
    let release = projection.map(|projection| projection.release());
    let Some(release) = release.filter(|release| *release != Release::LATEST) else {
        return version;
    };
    let version = version.with_numbers(release);
    states.replace(Arc::new(version.clone()));
    version
}

/// The policy among the states: a handle, or a policy that does not change.
fn policy_of(states: &mut StateMap) -> PolicyHandle {
    if let Some(policy) = states.get::<Policy>().cloned() {
        states.insert(Arc::new(PolicyHandle::new(policy)));
    }
    shared_or_default(states)
}

/// The state of type `T`; a default one is added if there is none.
fn shared_or_default<T: Clone + Default + Send + Sync + 'static>(states: &mut StateMap) -> T {
    if let Some(state) = states.get::<T>() {
        return state.clone();
    }
    let state = T::default();
    states.insert(Arc::new(state.clone()));
    state
}
