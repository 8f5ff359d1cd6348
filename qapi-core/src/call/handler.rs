//! The function behind a command, and the registration that an annotation submits.

use std::future::Future;
use std::pin::Pin;

use crate::call::context::Context;
use crate::call::return_writer::ReturnWriter;
use crate::error::Result;
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

/// An entry of the program's inventory, which an annotation submits: a definition, and the function
/// behind it if the definition is a command.
///
/// A definition is only data and does not refer to the function, so that a client or a
/// documentation tool can use definitions without the functions.
#[derive(Debug, Clone, Copy)]
pub struct Registration {
    definition: &'static Definition,
    handler: Option<Handler>,
}

inventory::collect!(Registration);

impl Registration {
    /// The registration of a type, of an event, or of a command without a function.
    pub const fn new(definition: &'static Definition) -> Self {
        Self { definition, handler: None }
    }

    /// The registration of a command whose function is behind `handler`.
    pub const fn command(definition: &'static Definition, handler: Handler) -> Self {
        Self { definition, handler: Some(handler) }
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
