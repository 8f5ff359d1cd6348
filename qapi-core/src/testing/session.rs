//! Drives a session without a connection.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::call::handler::Call;
use crate::service::Service;
use crate::session::{Advance, Session, SessionOptions};

/// A session for tests: the test feeds it bytes and reads its output. No method waits, and no
/// runtime is necessary. The test runs the calls of asynchronous and blocking commands itself.
///
/// The methods panic where a test should fail. Other methods of [`Session`] are available through
/// `Deref`.
///
/// ```standalone_crate
/// use qapi_core::session::SessionOptions;
/// use qapi_core::testing::SessionDriver;
/// use qapi_core::{Registry, Service, StateMap};
/// use std::sync::Arc;
///
/// let service = Service::new(Registry::collect()?, StateMap::default())?;
/// let mut session = SessionDriver::new(Arc::new(service), &SessionOptions::default());
/// assert!(session.output().starts_with("{\"QMP\": "));
/// let reply = session.ask("{'execute': 'qmp_capabilities'}");
/// assert_eq!(reply, "{\"return\": {}}\r\n");
/// # Ok::<(), qapi_core::registry::RegistryError>(())
/// ```
#[derive(Debug)]
pub struct SessionDriver(Session);

impl SessionDriver {
    /// A session of `service`. Its output begins with the greeting.
    pub fn new(service: Arc<Service>, options: &SessionOptions) -> Self {
        Self(Session::new(service, options))
    }

    /// Feeds the session `input`. The session must consume all of it without a call.
    ///
    /// # Panics
    /// The session returns a call, or does not consume all input.
    pub fn feed(&mut self, input: impl AsRef<[u8]>) {
        let mut rest = input.as_ref();
        let step = self.0.advance(&mut rest);
        assert!(matches!(step, Advance::NeedInput), "the session needs no input: {step:?}");
        assert!(rest.is_empty(), "a session that needs input has consumed all");
    }

    /// Feeds the session `input`, whose last request is an asynchronous or blocking command, and
    /// returns the call of that command. Pass the result to [`Session::complete`].
    ///
    /// # Panics
    /// The session returns no call.
    pub fn feed_call(&mut self, input: impl AsRef<[u8]>) -> Call {
        match self.0.advance(&mut input.as_ref()) {
            Advance::Call(call) => call,
            step => panic!("the session returns no call: {step:?}"),
        }
    }

    /// Feeds the session `input`, and completes each call that the session returns with the result
    /// of `run`: the return value as JSON text, or `None` for a panic.
    ///
    /// # Panics
    /// The session stops before the end of the input.
    pub fn feed_with(
        &mut self,
        input: impl AsRef<[u8]>,
        mut run: impl FnMut(Call) -> Option<crate::Result<Vec<u8>>>,
    ) {
        let mut rest = input.as_ref();
        loop {
            match self.0.advance(&mut rest) {
                Advance::NeedInput => return,
                Advance::Call(call) => self.0.complete(run(call)),
                step => panic!("the session stops: {step:?}"),
            }
        }
    }

    /// The output since the last call of this method. The session counts all of it as sent.
    ///
    /// # Panics
    /// The output exceeds its limit, or is not UTF-8.
    pub fn output(&mut self) -> String {
        let (mut output, mut buffer) = (Vec::new(), Vec::new());
        while self.0.take_output(&mut buffer).expect("the output is within its limit") {
            self.0.sent(buffer.len());
            output.append(&mut buffer);
        }
        String::from_utf8(output).expect("messages are ASCII")
    }

    /// Feeds the session `input`, and returns the session's output.
    ///
    /// # Panics
    /// The panics of [`feed`](Self::feed) and [`output`](Self::output).
    pub fn ask(&mut self, input: impl AsRef<[u8]>) -> String {
        self.feed(input);
        self.output()
    }
}

impl Deref for SessionDriver {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl DerefMut for SessionDriver {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.0
    }
}
