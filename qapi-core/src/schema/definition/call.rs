//! Commands and events.

use std::any::{TypeId, type_name};
use std::time::Duration;

use super::Definition;
use super::object::Member;
use super::reference::Reference;
use super::type_::{Type, TypeRef};

/// The arguments of a command, or the data of an event.
#[derive(Debug, Clone, Copy)]
pub enum Arguments {
    /// Members listed with the command or event itself; an empty list means none.
    Members(&'static [Member]),
    /// The members of a struct or union, by name.
    Type(TypeRef),
}

/// A command: its arguments, its return type, and how it may be executed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Command {
    /// The arguments.
    pub arguments: Arguments,
    /// The return type; `None` for a command that returns nothing.
    pub returns: Reference<Option<Type>>,
    /// Whether clients may execute it out of band (`allow-oob`).
    pub allow_oob: bool,
    /// Whether clients may execute it before the machine is configured (`allow-preconfig`).
    pub allow_preconfig: bool,
    /// Whether success has a reply (`success-response`). The guest agent's shutdown has none.
    pub success_response: bool,
    /// Whether its function takes the arguments unchecked (`gen` is false).
    pub raw: bool,
    /// Whether it may return something else than an object or a list of objects.
    pub returns_exception: bool,
    /// The state that its function takes by injection.
    pub requires: &'static [StateRequirement],
    /// The time within which a call must end. A function on the server's thread has none.
    pub deadline: Deadline,
    /// Whether a call is cancelled when its client disconnects.
    pub cancel_on_disconnect: bool,
}

impl Command {
    /// A command that runs in band, after configuration, with a reply, and without state.
    pub const fn new(arguments: Arguments, returns: Reference<Option<Type>>) -> Self {
        Self {
            arguments,
            returns,
            allow_oob: false,
            allow_preconfig: false,
            success_response: true,
            raw: false,
            returns_exception: false,
            requires: &[],
            deadline: Deadline::Default,
            cancel_on_disconnect: false,
        }
    }

    /// Allows execution out of band.
    #[must_use]
    pub const fn allow_oob(self) -> Self {
        Self { allow_oob: true, ..self }
    }

    /// Allows execution before the machine is configured.
    #[must_use]
    pub const fn allow_preconfig(self) -> Self {
        Self { allow_preconfig: true, ..self }
    }

    /// Sends no reply on success.
    #[must_use]
    pub const fn no_success_response(self) -> Self {
        Self { success_response: false, ..self }
    }

    /// Passes the arguments to the function unchecked.
    #[must_use]
    pub const fn raw(self) -> Self {
        Self { raw: true, ..self }
    }

    /// Allows a return type that cannot be extended later.
    #[must_use]
    pub const fn returns_exception(self) -> Self {
        Self { returns_exception: true, ..self }
    }

    /// Sets the state that the function takes by injection.
    #[must_use]
    pub const fn requires(self, requires: &'static [StateRequirement]) -> Self {
        Self { requires, ..self }
    }

    /// Sets the time within which a call must end.
    #[must_use]
    pub const fn deadline(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    /// Cancels a call when its client disconnects.
    #[must_use]
    pub const fn cancel_on_disconnect(self) -> Self {
        Self { cancel_on_disconnect: true, ..self }
    }
}

/// The time within which a call must end, counted from its dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The server's default applies; see
    /// [`Server::call_deadline`](crate::Server::call_deadline).
    Default,
    /// The call has no deadline, whatever the server's default is.
    Unlimited,
    /// A deadline of this number of milliseconds.
    Milliseconds(u64),
}

impl Deadline {
    /// The deadline of a command on a server with this default.
    pub fn resolve(self, default: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Default => default,
            Self::Unlimited => None,
            Self::Milliseconds(milliseconds) => Some(Duration::from_millis(milliseconds)),
        }
    }
}

/// A type of state that a command's function takes by injection.
#[derive(Debug, Clone, Copy)]
pub struct StateRequirement {
    type_name: fn() -> &'static str,
    type_id: fn() -> TypeId,
}

impl StateRequirement {
    /// The requirement of state of type `T`.
    pub const fn of<T: 'static>() -> Self {
        Self { type_name: type_name::<T>, type_id: TypeId::of::<T> }
    }

    /// The name of the Rust type, for messages.
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// The identity of the Rust type, for look-up.
    pub fn type_id(&self) -> TypeId {
        (self.type_id)()
    }
}

/// An event that the program may emit.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Event {
    /// The data.
    pub arguments: Arguments,
    /// The rate limit, if the event has one.
    pub rate_limit: Option<RateLimit>,
}

impl Event {
    /// An event without a rate limit.
    pub const fn new(arguments: Arguments) -> Self {
        Self { arguments, rate_limit: None }
    }

    /// Limits how often the event is sent.
    #[must_use]
    pub const fn rate_limit(self, rate_limit: RateLimit) -> Self {
        Self { rate_limit: Some(rate_limit), ..self }
    }
}

/// How often an event is sent at most (QEMU's `monitor_qapi_event_conf`).
///
/// The first event is sent at once and starts a period. An event that is emitted within the period
/// is deferred to its end; of several only the last is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The length of the period.
    pub milliseconds: u64,
    /// The name of a member. Events that differ in its value have separate periods. Without a key
    /// all events of the definition share one period.
    pub key: Option<&'static str>,
}

impl RateLimit {
    /// A rate limit.
    pub const fn new(milliseconds: u64, key: Option<&'static str>) -> Self {
        Self { milliseconds, key }
    }
}

/// An entry of the program's inventory: a command that an attribute declares without a function. A
/// registry does not contain it.
#[derive(Debug, Clone, Copy)]
pub struct Declaration(
    #[cfg_attr(not(feature = "client"), expect(dead_code, reason = "clients list declarations"))]
    &'static Definition,
);

inventory::collect!(Declaration);

impl Declaration {
    /// The declaration of this command.
    pub const fn new(command: &'static Definition) -> Self {
        Self(command)
    }

    /// All declarations of the program, in the linker's order.
    #[cfg(feature = "client")]
    pub(crate) fn all() -> impl Iterator<Item = &'static Definition> {
        inventory::iter::<Self>.into_iter().map(|declaration| declaration.0)
    }
}
