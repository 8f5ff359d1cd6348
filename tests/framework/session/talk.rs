//! A session under a test's hands.

use std::sync::Arc;

use qapi_core::context::States;
use qapi_core::session::{Advance, Call, Session, SessionOptions};
use qapi_core::{Events, Registry, ServerVersion, Service};

use super::commands::Gate;
use crate::registered::registry_of;

/// One session with a service of its own.
pub(crate) struct Talk {
    pub(crate) session: Session,
    pub(crate) events: Events,
    service: Arc<Service>,
}

impl Talk {
    /// A session that has been greeted, and the greeting dropped.
    pub(crate) fn new() -> Self {
        let mut talk = Self::with_options(&SessionOptions::default());
        talk.said();
        talk
    }

    /// A session that has negotiated, with out-of-band execution or not.
    pub(crate) fn negotiated(oob: bool) -> Self {
        let mut talk = Self::new();
        talk.negotiate(oob);
        talk
    }

    pub(crate) fn with_options(options: &SessionOptions) -> Self {
        let mut states = States::default();
        states.insert(Arc::new(Gate::default()));
        states.insert(Arc::new(ServerVersion::with_package("test 1.0")));
        Self::with_service(registry_of("main::session"), states, options)
    }

    /// A session with what `registry` has, and `states` for it.
    pub(crate) fn with_service(
        registry: Registry,
        states: States,
        options: &SessionOptions,
    ) -> Self {
        let service = Arc::new(Service::new(registry, states).unwrap());
        let (session, events) = (Session::new(Arc::clone(&service), options), service.events());
        Self { session, events: events.clone(), service }
    }

    /// Another session with the same service, which has negotiated.
    pub(crate) fn another(&self) -> Self {
        let session = Session::new(Arc::clone(&self.service), &SessionOptions::default());
        let (events, service) = (self.events.clone(), Arc::clone(&self.service));
        let mut talk = Self { session, events, service };
        talk.said();
        talk.negotiate(false);
        talk
    }

    pub(crate) fn negotiate(&mut self, oob: bool) {
        let enable = if oob { r#"["oob"]"# } else { "[]" };
        self.hear(&format!(
            r#"{{"execute": "qmp_capabilities", "arguments": {{"enable": {enable}}}}}"#
        ));
        assert_eq!(self.said(), "{\"return\": {}}\r\n");
    }

    /// Gives the session input that it uses up without handing out a call.
    pub(crate) fn hear(&mut self, input: &str) {
        let mut rest = input.as_bytes();
        let step = self.session.advance(&mut rest);
        assert!(matches!(step, Advance::NeedInput), "{step:?}");
        assert!(rest.is_empty());
    }

    /// Gives the session input with a command whose call it hands out.
    pub(crate) fn hear_call(&mut self, input: &str) -> Call {
        let mut rest = input.as_bytes();
        match self.session.advance(&mut rest) {
            Advance::Call(call) => call,
            step => panic!("no call but {step:?}"),
        }
    }

    /// What the session has to say since it was last asked.
    pub(crate) fn said(&mut self) -> String {
        let (mut all, mut buffer) = (Vec::new(), Vec::new());
        while self.session.take_output(&mut buffer).unwrap() {
            self.session.sent(buffer.len());
            all.append(&mut buffer);
        }
        String::from_utf8(all).unwrap()
    }

    /// What comes back for `input`.
    pub(crate) fn ask(&mut self, input: &str) -> String {
        self.hear(input);
        self.said()
    }
}

/// Carries a call out, to its end.
pub(crate) fn carry_out(call: Call) -> Option<qapi_core::Result<Vec<u8>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        match call {
            Call::Async(call) => tokio::spawn(call).await.ok(),
            Call::Blocking(call) => tokio::task::spawn_blocking(call).await.ok(),
        }
    })
}
