//! Serves sessions over unix sockets, TCP, and standard input and output, on tokio.
//!
//! Everything runs on one thread, as in QEMU: sessions, the functions of commands that are not
//! `blocking`, and whatever else the daemon spawns on the same runtime. What a function does
//! before it returns therefore comes before its reply, and what a plain function sets in motion
//! comes after. The reply of an `async` or `blocking` one is sent a moment after it returned, so
//! that an event from elsewhere may come in between.

mod accept;
mod connect;
mod connection;
mod executor;
mod inherited;
mod listener;
pub(crate) mod memory;
mod read_buffer;
mod stream;
mod tcp;
mod unix;

pub use connect::ClientAddress;
pub use listener::Listener;
pub use unix::SocketAccess;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use crate::context::States;
use crate::error::{Error, Result};
use crate::events::Events;
use crate::policy::Policy;
use crate::preconfig::Preconfig;
use crate::projection::Projection;
use crate::registry::{Registry, RegistryError, registered};
use crate::service::Service;
use crate::session::{SessionContext, SessionOptions};
use crate::shutdown::Shutdown;
use crate::version::ServerVersion;
use crate::{documentation, fds};
use accept::{BeforeEnd, DEFAULT_DRAIN_DEADLINE, Front, OnOverflow, serve_all};
use executor::{Calls, DEFAULT_BLOCKING_LIMIT};

/// How many clients one server has at a time unless it is told otherwise. Each may leave up to
/// its output limit unread, so that this bounds the memory that clients can take.
const DEFAULT_CLIENT_LIMIT: usize = 64;

/// A QMP server in the making: its state, and where clients come from.
///
/// It serves every command that the program's crates register, unless it is told
/// [otherwise](Self::registry). See the crate's documentation for a whole program.
#[derive(Debug)]
pub struct Server {
    registry: Option<Registry>,
    projection: Option<Projection>,
    states: States,
    events: Events,
    shutdown: Shutdown,
    listeners: Vec<Listener>,
    packages: Vec<&'static str>,
    client_limit: Option<usize>,
    output_limit: Option<usize>,
    blocking_limit: Option<usize>,
    drain_deadline: Option<Duration>,
    on_overflow: Option<OnOverflow>,
    fd_passing: bool,
    documentation: bool,
    readiness: bool,
    before_end: Farewell,
}

/// What is to be done before the end, in order.
#[derive(Default)]
struct Farewell(Vec<BeforeEnd>);

impl std::fmt::Debug for Farewell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Farewell").field(&self.0.len()).finish()
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A server without state of its own and without clients.
    pub fn new() -> Self {
        Self {
            registry: None,
            projection: None,
            states: States::default(),
            events: Events::new(),
            shutdown: Shutdown::new(),
            listeners: Vec::new(),
            packages: Vec::new(),
            client_limit: None,
            output_limit: None,
            fd_passing: false,
            documentation: false,
            readiness: false,
            blocking_limit: None,
            drain_deadline: None,
            on_overflow: None,
            before_end: Farewell::default(),
        }
    }

    /// Serves the commands of `registry`, instead of all that the program's crates register.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Presents the schema as it was in an earlier release: commands, events and types that are
    /// newer do not exist, and members, values and features that are newer are left out of the
    /// others. What clients send is checked against that, what they are sent is spared it, and
    /// they are told the numbers of that release, whatever [`version`](Self::version) says. So
    /// tools can be tried with what they will meet elsewhere.
    ///
    /// See [`Projection`] for what is compared with the release and what is not.
    ///
    /// ```no_run
    /// use qapi_core::{Release, Server};
    ///
    /// Server::new().as_of(Release::new(5, 2, 0)).listen_unix("/run/demo.sock")?.run()?;
    /// # Ok::<(), qapi_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_of(mut self, projection: impl Into<Projection>) -> Self {
        self.projection = Some(projection.into());
        self
    }

    /// Adds state for the functions that want it injected; one value of each type. A server that
    /// is given two of one type does not start.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(self, state: T) -> Self {
        self.shared_state(Arc::new(state))
    }

    /// As [`state`](Self::state), for state that the daemon keeps a share of.
    #[must_use]
    pub fn shared_state<T: Send + Sync + 'static>(mut self, state: Arc<T>) -> Self {
        self.states.insert(state);
        self
    }

    /// The version that clients are told, in the greeting and by `query-version`.
    #[must_use]
    pub fn version(self, version: ServerVersion) -> Self {
        self.state(version)
    }

    /// What the operator allows: who may connect, who may execute which command, and what
    /// becomes of deprecated and unstable parts of the schema.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        self.state(policy)
    }

    /// Starts in the phase before the daemon is configured: until that ends, commands without
    /// `allow_preconfig` are refused.
    #[must_use]
    pub fn preconfig(self, preconfig: Preconfig) -> Self {
        self.state(preconfig)
    }

    /// Refuses to start unless the crate of `package` has registered something; see
    /// [`Registry::require_packages`].
    #[must_use]
    pub fn require_package(mut self, package: &'static str) -> Self {
        self.packages.push(package);
        self
    }

    /// How many clients may be connected at a time; 64 unless said otherwise. One more is told
    /// so and disconnected.
    #[must_use]
    pub fn client_limit(mut self, clients: usize) -> Self {
        self.client_limit = Some(clients);
        self
    }

    /// How many bytes may wait for a client that does not read, before it is disconnected; 16 MiB
    /// unless said otherwise. Replies count too, so that the limit must leave room for the
    /// largest one, most likely that to `query-qmp-schema`.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = Some(bytes);
        self
    }

    /// Calls `function` when a session is closed because its client left more unread than
    /// [`output_limit`](Self::output_limit): for a counter, or for whoever looks after the
    /// client. It must be quick; a log line is written in any case.
    #[must_use]
    pub fn on_overflow(
        mut self,
        function: impl Fn(&SessionContext) + Send + Sync + 'static,
    ) -> Self {
        self.on_overflow = Some(OnOverflow(Box::new(function)));
        self
    }

    /// How many functions of `blocking` commands run at a time, each on a thread of its own; 16
    /// unless said otherwise, at least 1. Further calls wait for their turn.
    #[must_use]
    pub fn blocking_limit(mut self, functions: usize) -> Self {
        self.blocking_limit = Some(functions);
        self
    }

    /// How long, when the server ends, calls under way may take to end and clients to read their
    /// last replies; 5 seconds unless said otherwise. After it calls are dropped, each with a
    /// log line, and clients disconnected. A function that blocks cannot be dropped: nobody
    /// waits for it any longer.
    #[must_use]
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.drain_deadline = Some(deadline);
        self
    }

    /// Receives file descriptors that clients send over unix sockets, and serves `getfd` and
    /// `closefd`, by which they are given names; see [`fds`].
    ///
    /// A [`registry`](Self::registry) of one's own must have the two commands already.
    #[must_use]
    pub fn enable_fd_passing(mut self) -> Self {
        self.fd_passing = true;
        self
    }

    /// Serves the documentation of what is served, by the command
    /// `__org.qapi-rs_query-documentation`; see [`documentation`].
    ///
    /// A [`registry`](Self::registry) of one's own must have the command already.
    #[must_use]
    pub fn enable_documentation(mut self) -> Self {
        self.documentation = true;
        self
    }

    /// Tells the service manager (systemd, for a service of `Type=notify`) when clients are
    /// served, and when that ends. Without such a manager this does nothing.
    #[must_use]
    pub fn notify_readiness(mut self) -> Self {
        self.readiness = true;
        self
    }

    /// Adds a place where clients come from.
    #[must_use]
    pub fn listen(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Adds a unix socket; see [`Listener::unix`].
    ///
    /// # Errors
    /// Those of [`Listener::unix`].
    pub fn listen_unix(self, path: impl AsRef<Path>) -> Result<Self> {
        Ok(self.listen(Listener::unix(path)?))
    }

    /// Adds standard input and output; see [`Listener::stdio`].
    #[must_use]
    pub fn listen_stdio(self) -> Self {
        self.listen(Listener::stdio())
    }

    /// Has `work` done between the wish to end and the end: no command is begun any more, and
    /// clients still hear of what happens. A daemon with jobs cancels them here, so that clients
    /// are told how they ended. Several are done one after the other.
    #[must_use]
    pub fn before_end(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.before_end.0.push(Box::pin(work));
        self
    }

    /// The handle that emits events to this server's clients.
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// The handle that ends this server.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Serves until somebody asks for the end, on a runtime of its own. An interrupt (ctrl-C) and
    /// SIGTERM ask for it too.
    ///
    /// # Errors
    /// The program's definitions contradict each other, or commands want state that was not
    /// added (every fault is listed); or the runtime cannot be made.
    pub fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
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
        // A thread that still reads standard input must not hold up the end.
        runtime.shutdown_background();
        result
    }

    /// Serves until somebody asks for the end, on the current-thread runtime that awaits this.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn serve(mut self) -> Result<()> {
        self.states.insert(Arc::new(self.events));
        self.states.insert(Arc::new(self.shutdown));
        let optional = fds::definitions()
            .filter(|_| self.fd_passing)
            .chain(documentation::definitions().filter(|_| self.documentation));
        let (registry, checked) = match (self.registry, self.projection) {
            (None, to) => Registry::unchecked(registered().chain(optional), to),
            (Some(registry), None) => (registry, Ok(())),
            (Some(registry), to @ Some(_)) => Registry::unchecked(registry.into_all(), to),
        };
        let required = registry.require_packages(&self.packages);
        let service = Service::new(registry, self.states);
        let made = service.as_ref().map(|_| ()).map_err(RegistryError::clone);
        let service = RegistryError::together([checked, required, made]).and(service);
        let service = Arc::new(service.map_err(|error| Error::generic(error.to_string()))?);
        let front = Arc::new(Front {
            service,
            clients: Semaphore::new(self.client_limit.unwrap_or(DEFAULT_CLIENT_LIMIT)),
            output_limit: self.output_limit.unwrap_or(SessionOptions::default().output_limit),
            calls: Arc::new(Calls::new(self.blocking_limit.unwrap_or(DEFAULT_BLOCKING_LIMIT))),
            drain_deadline: self.drain_deadline.unwrap_or(DEFAULT_DRAIN_DEADLINE),
            on_overflow: self.on_overflow,
            fd_passing: self.fd_passing,
            readiness: self.readiness,
        });
        serve_all(front, self.listeners, self.before_end.0).await
    }
}
