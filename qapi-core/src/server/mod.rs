//! Serves sessions over unix sockets, TCP, and standard input and output, on tokio.
//!
//! Everything runs on one thread, as in QEMU: sessions, the functions of commands that are not
//! `blocking`, and every other task of the same runtime. The effects of a plain function
//! therefore precede its reply. The reply of an `async` or `blocking` function is sent a moment
//! after the function returns, and an event from another task may come before the reply.
//!
//! # Unix systems other than Linux
//!
//! Linux is the platform that the tests cover. Other Unix systems lack abstract sockets, inherited
//! sockets by number and the service manager's protocol; the functions for these features do not
//! exist there. Apple's systems set the close-on-exec flag of a socket in a second step. A program
//! that another thread starts between the two steps may inherit the socket. Windows is not
//! supported.

#[cfg(target_os = "linux")]
mod abstract_socket;
mod accept;
mod address;
mod client_count;
mod connect;
mod connection;
mod error;
mod executor;
mod foreign_protocol;
mod from_fd;
pub(crate) mod in_process;
#[cfg(target_os = "linux")]
mod inherited;
mod limits;
mod listener;
mod listeners;
mod operations;
#[cfg(target_os = "linux")]
mod peer_groups;
mod places;
mod read_buffer;
mod readiness;
mod refusal;
mod serving;
mod socket_lock;
mod stream;
mod tcp;
mod transport;
mod unix;
#[cfg(all(feature = "vsock", target_os = "linux"))]
mod vsock;

pub use address::ClientAddress;
#[cfg(all(feature = "vsock", target_os = "linux"))]
pub use address::VsockAddress;
pub use client_count::{ClientCount, TcpEnds};
pub use error::ServeError;
pub use foreign_protocol::ForeignProtocols;
pub use in_process::Connector;
#[cfg(target_os = "linux")]
pub use inherited::InheritedSocket;
pub use listener::Listener;
pub use listeners::Listeners;
pub use unix::SocketAccess;

use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::call::handler::Registration;
use crate::call::session::SessionContext;
use crate::call::state::StateMap;
use crate::commands::{documentation, fds};
use crate::events::Events;
use crate::memory_budget::MemoryBudget;
use crate::protocol::greeting::ServerVersion;
use crate::registry::error::RegistryError;
use crate::registry::{Registry, registered};
use crate::schema::projection::Projection;
use crate::service::preconfig::Preconfig;
use crate::service::shutdown::Shutdown;
use crate::service::{PolicyHandle, Service, ServiceOptions};
use accept::{Acceptor, OnOverflow};
use executor::CallExecutor;
use limits::Limits;
use listeners::Change;
use places::Places;
use readiness::NotifyServiceManager;
use refusal::RefusalLog;
use serving::{ServerTask, serve_all};
use stream::FdPassing;

/// The number of turns of connections after which the runtime looks for input of others. With the
/// default of 61, a client waits for a turn of each busy client before its request is noticed.
const EVENT_INTERVAL: u32 = 8;

/// A builder of a QMP server: its commands, their state, and its listeners.
///
/// By default the server serves every command that the program's crates register; see
/// [`registry`](Self::registry) for another set. The crate's documentation begins with a complete
/// program.
#[derive(Debug)]
#[must_use = "a server serves no client until `run` or `serve` is called"]
pub struct Server {
    registry: Option<Registry>,
    projection: Option<Projection>,
    states: StateMap,
    events: Events,
    shutdown: Shutdown,
    listeners: Vec<Listener>,
    changes: (Listeners, mpsc::Receiver<Change>),
    packages: Vec<&'static str>,
    limits: Limits,
    on_overflow: Option<OnOverflow>,
    fd_passing: FdPassing,
    documentation: bool,
    registrations: Vec<Registration>,
    options: ServiceOptions,
    notify_service_manager: Option<NotifyServiceManager>,
    shutdown_hooks: ServerTasks,
    background: ServerTasks,
}

/// Futures that the server awaits, in the order in which they were added.
#[derive(Default)]
struct ServerTasks(Vec<ServerTask>);

impl std::fmt::Debug for ServerTasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServerTasks").field(&self.0.len()).finish()
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A server without state and without listeners.
    pub fn new() -> Self {
        Self {
            registry: None,
            projection: None,
            states: StateMap::default(),
            events: Events::new(),
            shutdown: Shutdown::new(),
            listeners: Vec::new(),
            changes: listeners::channel(),
            packages: Vec::new(),
            limits: Limits::default(),
            on_overflow: None,
            fd_passing: FdPassing::Disabled,
            documentation: false,
            registrations: Vec::new(),
            options: ServiceOptions::new(),
            notify_service_manager: None,
            shutdown_hooks: ServerTasks::default(),
            background: ServerTasks::default(),
        }
    }

    /// Serves the commands of `registry` instead of all that the program's crates register.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Presents the schema of an earlier release, for tests of client tools. Newer commands, events
    /// and types do not exist. Newer members, values and features of other definitions are refused
    /// in input and omitted from output. The version that clients see has the numbers of that
    /// release, even if [`version`](Self::version) sets others.
    ///
    /// [`Projection`] documents which definitions the server compares with the release.
    ///
    /// ```no_run
    /// use qapi_core::{Release, Server};
    ///
    /// Server::new().as_of(Release::new(5, 2, 0)).listen_unix("/run/demo.sock")?.run()?;
    /// # Ok::<(), qapi_core::ServeError>(())
    /// ```
    pub fn as_of(mut self, projection: impl Into<Projection>) -> Self {
        self.projection = Some(projection.into());
        self
    }

    /// Adds a state, which functions receive by its type. A server with two states of one type
    /// does not start.
    pub fn state<T: Send + Sync + 'static>(self, state: T) -> Self {
        self.shared_state(Arc::new(state))
    }

    /// Adds a state that other parts of the daemon also use; otherwise like [`state`](Self::state).
    pub fn shared_state<T: Send + Sync + 'static>(mut self, state: Arc<T>) -> Self {
        self.states.insert(state);
        self
    }

    /// Sets the version that clients see in the greeting and in the reply to `query-version`.
    pub fn version(self, version: ServerVersion) -> Self {
        self.state(version)
    }

    /// Sets the policy: the users that may connect, the users that may execute each command, and
    /// the treatment of deprecated and unstable parts of the schema. A [`PolicyHandle`] can change
    /// the policy later. [`Listener::policy`] sets another policy for the clients of one listener.
    pub fn policy(self, policy: impl Into<PolicyHandle>) -> Self {
        self.state(policy.into())
    }

    /// Starts the server in the preconfig phase: until the phase ends, commands without
    /// `allow_preconfig` are refused.
    pub fn preconfig(self, preconfig: Preconfig) -> Self {
        self.state(preconfig)
    }

    /// Refuses to start unless the library of `package` has registered a definition or a value of
    /// an open enumeration; see [`Registry::require_packages`].
    pub fn require_package(mut self, package: &'static str) -> Self {
        self.packages.push(package);
        self
    }

    /// Calls `function` when a session is closed because its client exceeded the
    /// [`output_limit`](Self::output_limit), for example to count such clients. The function
    /// must be quick: it runs on the server's thread. The server also logs a warning.
    pub fn on_overflow(
        mut self,
        function: impl Fn(&SessionContext) + Send + Sync + 'static,
    ) -> Self {
        self.on_overflow = Some(OnOverflow(Box::new(function)));
        self
    }

    /// Receives file descriptors that clients send over unix sockets, and serves the commands
    /// `getfd` and `closefd`, which name and close these descriptors; see [`fds`].
    ///
    /// A custom [`registry`](Self::registry) must already have the two commands.
    pub fn enable_fd_passing(mut self) -> Self {
        self.fd_passing = FdPassing::Enabled;
        self
    }

    /// Serves the documentation of all definitions, by the command
    /// `__org.qapi-rs_query-documentation`; see [`documentation`].
    ///
    /// A custom [`registry`](Self::registry) must already have the command.
    pub fn enable_documentation(mut self) -> Self {
        self.documentation = true;
        self
    }

    /// Serves further definitions, which the program does not register by linking their crate:
    /// commands with `registration = …`, and types and events with `register = false`.
    ///
    /// A custom [`registry`](Self::registry) must already have them.
    pub fn register<R: Into<Registration>>(
        mut self,
        registrations: impl IntoIterator<Item = R>,
    ) -> Self {
        self.registrations.extend(registrations.into_iter().map(Into::into));
        self
    }

    /// Notifies the service manager (systemd, for a service of `Type=notify`) when the server is
    /// ready and when it stops. Does nothing without such a manager. Requires the feature
    /// `systemd`.
    #[cfg(feature = "systemd")]
    pub fn notify_readiness(mut self) -> Self {
        self.notify_service_manager = Some(readiness::notify_systemd);
        self
    }

    /// Adds a source of clients.
    pub fn listen(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Adds a unix socket; see [`Listener::unix`].
    ///
    /// # Errors
    /// The errors of [`Listener::unix`].
    pub fn listen_unix(self, path: impl AsRef<Path>) -> Result<Self, ServeError> {
        Ok(self.listen(Listener::unix(path)?))
    }

    /// Adds standard input and output; see [`Listener::stdio`].
    pub fn listen_stdio(self) -> Self {
        self.listen(Listener::stdio())
    }

    /// Awaits `work` between the request to shut down and the end of the sessions. In this phase no
    /// further command starts, and clients still receive events. The reply to `quit` follows these
    /// events. A daemon with jobs cancels them here, so that clients receive the jobs' last events.
    /// Several hooks run one after the other.
    pub fn on_shutdown(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.shutdown_hooks.0.push(Box::pin(work));
        self
    }

    /// The handle that emits events to this server's clients.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// The handle that shuts this server down.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Creates a runtime and serves until the shutdown is requested. SIGINT (ctrl-C) and SIGTERM
    /// also request the shutdown.
    ///
    /// # Errors
    /// [`ServeError::Registry`]: the program's definitions contradict each other, its commands
    /// require state that was not added, two states have one type, the policy names a command that
    /// does not exist, or a required package registers nothing. The error lists every conflict.
    /// [`ServeError::Io`]: the runtime or a signal handler cannot be created, or a listener cannot
    /// be registered.
    pub fn run(self) -> Result<(), ServeError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENT_INTERVAL)
            .build()?;
        let result = runtime.block_on(async {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let shutdown = self.shutdown();
            tokio::spawn(async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                shutdown.request();
            });
            self.serve().await
        });
        // A thread that is blocked in a read of standard input must not delay the return.
        runtime.shutdown_background();
        result
    }

    /// Serves until the shutdown is requested, on the runtime that awaits the future.
    ///
    /// The runtime should have one thread. On a runtime of several threads the server works, with
    /// two differences: functions of different sessions run at the same time, and a function that
    /// occupies its thread delays only some clients. The order of replies and events within a
    /// session is the same. A test with paused time requires a runtime with one thread.
    ///
    /// # Errors
    /// The errors of [`run`](Self::run).
    pub async fn serve(mut self) -> Result<(), ServeError> {
        self.states.insert(Arc::new(self.events));
        self.states.insert(Arc::new(self.shutdown));
        let (handle, changes) = self.changes;
        self.states.insert(Arc::new(handle));
        let fds = fds::registrations().into_iter();
        let fds = fds.filter(|_| self.fd_passing == FdPassing::Enabled);
        let documentation = documentation::registrations().into_iter();
        let documentation = documentation.filter(|_| self.documentation);
        let optional = fds.chain(documentation).chain(self.registrations);
        let (registry, checked) = match (self.registry, self.projection) {
            (None, to) => Registry::unchecked(registered().chain(optional), to),
            (Some(registry), None) => (registry, Ok(())),
            (Some(registry), to @ Some(_)) => Registry::unchecked(registry.into_all(), to),
        };
        let required = registry.require_packages(&self.packages);
        let service = Service::with_options(registry, self.states, self.options);
        let made = service.as_ref().map_err(RegistryError::clone).and_then(|service| {
            let policies = self.listeners.iter().filter_map(Listener::own_policy);
            RegistryError::together(policies.map(|policy| service.check_and_bind(policy)))
        });
        let service = Arc::new(RegistryError::together([checked, required, made]).and(service)?);
        let acceptor = Arc::new(Acceptor {
            service,
            places: Places::new(self.limits.clients, self.limits.clients_of_user),
            executor: Arc::new(CallExecutor::new(self.limits.blocking)),
            output_limit: self.limits.output,
            memory_budget: MemoryBudget::new(self.limits.memory, self.limits.clients),
            negotiation_deadline: self.limits.negotiation_deadline,
            drain_deadline: self.limits.drain_deadline,
            refusals: RefusalLog::default(),
            on_overflow: self.on_overflow,
            fd_passing: self.fd_passing,
            notify_service_manager: self.notify_service_manager,
        });
        let (hooks, background) = (self.shutdown_hooks.0, self.background.0);
        serve_all(acceptor, self.listeners, changes, hooks, background).await
    }
}
