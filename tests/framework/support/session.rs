//! A session without a connection: tests feed it bytes and read its output.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::session::{Call, SessionOptions};
use qapi_core::testing::SessionDriver;
use qapi_core::{Events, Registry, ServerVersion, Service};

use super::registry::registry_of;
use crate::session::commands::Gate;

/// One session and the service that it uses.
pub(crate) struct SessionFixture {
    session: SessionDriver,
    pub(crate) events: Events,
    service: Arc<Service>,
}

impl SessionFixture {
    /// A session whose greeting has been read.
    pub(crate) fn new() -> Self {
        let mut session = Self::with_options(&SessionOptions::default());
        session.output();
        session
    }

    /// A session that has negotiated, with out-of-band execution or without.
    pub(crate) fn negotiated(oob: bool) -> Self {
        let mut session = Self::new();
        session.negotiate(oob);
        session
    }

    /// A session with the commands of `session/commands.rs`, before its greeting is read.
    pub(crate) fn with_options(options: &SessionOptions) -> Self {
        let mut states = StateMap::default();
        states.insert(Arc::new(Gate::default()));
        states.insert(Arc::new(ServerVersion::with_package("test 1.0")));
        Self::with_service(registry_of("main::session"), states, options)
    }

    /// A session with the commands of `registry` and their `states`, before its greeting is read.
    pub(crate) fn with_service(
        registry: Registry,
        states: StateMap,
        options: &SessionOptions,
    ) -> Self {
        let service = Arc::new(Service::new(registry, states).unwrap());
        let session = SessionDriver::new(Arc::clone(&service), options);
        Self { session, events: service.events().clone(), service }
    }

    /// A session with the commands of the test module `module`, which need no state. It has
    /// negotiated.
    pub(crate) fn with_commands_of(module: &str) -> Self {
        let options = SessionOptions::default();
        let mut session = Self::with_service(registry_of(module), StateMap::default(), &options);
        session.output();
        session.negotiate(false);
        session
    }

    /// A second session with the same service. It has negotiated.
    pub(crate) fn another(&self) -> Self {
        let session = SessionDriver::new(Arc::clone(&self.service), &SessionOptions::default());
        let (events, service) = (self.events.clone(), Arc::clone(&self.service));
        let mut session = Self { session, events, service };
        session.output();
        session.negotiate(false);
        session
    }

    pub(crate) fn negotiate(&mut self, oob: bool) {
        let enable = if oob { r#"["oob"]"# } else { "[]" };
        self.feed(format!(
            r#"{{"execute": "qmp_capabilities", "arguments": {{"enable": {enable}}}}}"#
        ));
        assert_eq!(self.output(), "{\"return\": {}}\r\n");
    }

    /// Gives the session input, and runs the calls that it returns.
    pub(crate) fn run(&mut self, input: &str) {
        self.session.feed_with(input, finish);
    }

    /// Runs a call to its end, and gives the session the result.
    pub(crate) fn run_call(&mut self, call: Call) {
        self.session.complete(finish(call));
    }
}

/// Runs a call to its end; `None` if it panics.
fn finish(call: Call) -> Option<qapi_core::Result<Vec<u8>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        match call {
            Call::Async(call) => tokio::spawn(call).await.ok(),
            Call::Blocking(call) => tokio::task::spawn_blocking(call).await.ok(),
        }
    })
}

impl Deref for SessionFixture {
    type Target = SessionDriver;

    fn deref(&self) -> &SessionDriver {
        &self.session
    }
}

impl DerefMut for SessionFixture {
    fn deref_mut(&mut self) -> &mut SessionDriver {
        &mut self.session
    }
}
