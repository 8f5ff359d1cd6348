//! The function behind a command: its parameters, and the registration that an annotation submits.

use std::any::type_name;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

use crate::call::cancellation::Cancellation;
use crate::call::session::SessionContext;
use crate::call::state::StateMap;
use crate::error::{Error, Result};
use crate::messages;
use crate::schema::definition::Definition;
use crate::schema::view::MessageFormat;
use crate::visitor::object::ObjectVisitor;

/// How a command's function is called.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Handler {
    /// During the dispatch of the request, on the thread of the server. The function must be quick.
    Inline(InlineHandler),
    /// On a thread where blocking is allowed.
    Blocking(BlockingHandler),
    /// As a future that the server awaits.
    Async(AsyncHandler),
}

impl Handler {
    /// How the function is called.
    pub const fn execution(&self) -> Execution {
        match self {
            Self::Inline(_) => Execution::Inline,
            Self::Blocking(_) => Execution::Blocking,
            Self::Async(_) => Execution::Async,
        }
    }
}

/// How a command's function is called, without the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Execution {
    /// During the dispatch of the request, on the thread of the server.
    Inline,
    /// On a thread where blocking is allowed.
    Blocking,
    /// As a future that the server awaits.
    Async,
}

/// Checks the arguments, runs the function, and writes its return value.
pub type InlineHandler =
    fn(&Context<'_>, &mut ObjectVisitor<'_, '_>, &mut ReturnWriter<'_>) -> Result<()>;

/// Checks the arguments and boxes the call for another thread.
pub type BlockingHandler =
    fn(&Context<'_>, &mut ObjectVisitor<'_, '_>, MessageFormat) -> Result<BlockingCall>;

/// Checks the arguments and makes the future of the call.
pub type AsyncHandler =
    fn(&Context<'_>, &mut ObjectVisitor<'_, '_>, MessageFormat) -> Result<AsyncCall>;

/// A call that may block; it yields the return value as JSON text.
pub type BlockingCall = Box<dyn FnOnce() -> Result<Vec<u8>> + Send>;

/// A call in progress; it yields the return value as JSON text.
pub type AsyncCall = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + Send>>;

/// Boxes the future of an `async fn` command; `write` renders its return value.
///
/// The compiler shows the name of this function and the line of the bound where a future is not
/// `Send`.
#[doc(hidden)]
pub fn async_command_must_be_send<R: 'static>(
    format: MessageFormat,
    write: fn(R, &mut ReturnWriter<'_>) -> Result<()>,
    call: impl Future<Output = R> + Send + 'static, // Drop other values before `.await`.
) -> AsyncCall {
    Box::pin(async move { ReturnWriter::render(call.await, &format, write) })
}

/// A call that continues after the dispatch of its request.
pub enum Call {
    /// To be awaited.
    Async(AsyncCall),
    /// To be run on a thread where blocking is allowed.
    Blocking(BlockingCall),
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// The surroundings of one call.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    session: &'a Arc<SessionContext>,
    states: &'a StateMap,
    cancellation: Option<&'a Arc<Cancellation>>,
}

impl<'a> Context<'a> {
    /// The surroundings of a call from `session`, to a server that has `states`.
    pub fn new(session: &'a Arc<SessionContext>, states: &'a StateMap) -> Self {
        Self { session, states, cancellation: None }
    }

    /// The same surroundings, for a call that outlives the dispatch and may be cancelled.
    #[must_use]
    pub fn cancellation(self, cancellation: &'a Arc<Cancellation>) -> Self {
        Self { cancellation: Some(cancellation), ..self }
    }

    /// The token of the call. A call that cannot be cancelled has a token of its own, which nothing
    /// cancels.
    pub fn shared_cancellation(&self) -> Arc<Cancellation> {
        self.cancellation.map(Arc::clone).unwrap_or_default()
    }

    /// The session that the call came from.
    pub fn session(&self) -> &'a SessionContext {
        self.session
    }

    /// A shared reference to the session that the call came from.
    pub fn shared_session(&self) -> Arc<SessionContext> {
        Arc::clone(self.session)
    }

    /// The state of type `T`.
    ///
    /// # Errors
    /// The server has no such state. A running server has all state that its commands require.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<&'a T> {
        self.states.get().ok_or_else(missing_state::<T>)
    }

    /// A shared reference to the state of type `T`.
    ///
    /// # Errors
    /// The server has no such state. A running server has all state that its commands require.
    pub fn shared_state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.states.get_shared().ok_or_else(missing_state::<T>)
    }
}

fn missing_state<T>() -> Error {
    messages::missing_state(type_name::<T>())
}

/// Writes the return value of a command as JSON text.
#[derive(Debug)]
pub struct ReturnWriter<'a> {
    out: &'a mut Vec<u8>,
    format: &'a MessageFormat,
}

impl<'a> ReturnWriter<'a> {
    /// A writer that appends to `out`, in the form that `format` describes.
    pub fn new(out: &'a mut Vec<u8>, format: &'a MessageFormat) -> Self {
        Self { out, format }
    }

    /// The form that the JSON text must have.
    pub fn format(&self) -> &MessageFormat {
        self.format
    }

    /// Renders the return value of an asynchronous or blocking function.
    pub(crate) fn render<R>(
        returned: R,
        format: &MessageFormat,
        write: fn(R, &mut ReturnWriter<'_>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        write(returned, &mut ReturnWriter::new(&mut out, format))?;
        Ok(out)
    }

    /// Writes the value. Call it once.
    ///
    /// # Errors
    /// The value cannot be serialised, for example a map whose keys are not strings.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.format.write_to(self.out, value).map_err(|error| messages::unwritable_reply(&error))
    }

    /// Writes a value that already is JSON text in the form of [`format`](Self::format).
    pub fn write_rendered(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// Writes the empty object: the return value of a command that returns nothing (QMP
    /// specification, "success").
    #[inline]
    pub(crate) fn write_empty(&mut self) -> Result<()> {
        if self.format.style.pretty {
            return self.write_empty_pretty();
        }
        self.write_rendered(b"{}");
        Ok(())
    }

    #[cold]
    fn write_empty_pretty(&mut self) -> Result<()> {
        self.write(&serde_json::Map::new())
    }
}

/// An entry of the program's inventory, which an annotation submits: a definition, and the function
/// behind it if the definition is a command.
///
/// A definition is only data and does not refer to the function, so that a client or a
/// documentation tool can use definitions without the functions.
#[derive(Debug, Clone, Copy)]
pub struct Registration {
    definition: &'static Definition,
    handler: Option<Handler>,
    in_binary: bool,
}

inventory::collect!(Registration);

impl Registration {
    /// The registration of a type, of an event, or of a command without a function.
    pub const fn new(definition: &'static Definition) -> Self {
        Self { definition, handler: None, in_binary: false }
    }

    /// The registration of a command whose function is behind `handler`.
    pub const fn command(definition: &'static Definition, handler: Handler) -> Self {
        Self { definition, handler: Some(handler), in_binary: false }
    }

    /// Sets whether the annotation is in the crate of a binary. Such a registration is no sign that
    /// the library of the same package is linked.
    #[doc(hidden)]
    #[must_use]
    pub const fn in_binary(self, in_binary: bool) -> Self {
        Self { in_binary, ..self }
    }

    /// Whether the annotation is in the crate of a binary.
    pub(crate) const fn is_in_binary(&self) -> bool {
        self.in_binary
    }

    /// The command, event or type.
    pub const fn definition(&self) -> &'static Definition {
        self.definition
    }

    /// The function behind a command; `None` for types, events and commands without a function.
    pub const fn handler(&self) -> Option<&Handler> {
        self.handler.as_ref()
    }
}

impl From<&'static Definition> for Registration {
    fn from(definition: &'static Definition) -> Self {
        Self::new(definition)
    }
}
