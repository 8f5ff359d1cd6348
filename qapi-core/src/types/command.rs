//! Arguments and return values of commands: [`CommandReturn`] for servers, [`QapiCommand`] and
//! [`Returned`] for clients.

use serde::ser::SerializeMap;

use crate::call::handler::ReturnWriter;
use crate::error::{Error, Result};
use crate::schema::definition::Definition;
use crate::schema::definition::type_::Type;
use crate::types::{QapiType, Value as QapiValue};
use crate::visitor::Input;
use crate::visitor::object::ObjectVisitor;
use crate::wire::value::Value;

/// The return type of a command's function: nothing, a QAPI type, or a `Result` of either.
#[diagnostic::on_unimplemented(
    message = "a QAPI command cannot return `{Self}`",
    label = "not a QAPI type",
    note = "return nothing, a QAPI type, a `Vec` of one, or a `Result` of these whose error \
            converts into `qapi_core::Error`"
)]
pub trait CommandReturn {
    /// The value that a client receives when the command succeeds.
    type Value: Returned;

    /// The return type in the schema; `None` where nothing is returned.
    fn returns() -> Option<Type>;

    /// Writes the value, or returns the error.
    ///
    /// # Errors
    /// The command failed, or its value cannot be serialised.
    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()>;
}

impl CommandReturn for () {
    type Value = ();

    fn returns() -> Option<Type> {
        None
    }

    #[inline]
    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        out.write_empty()
    }
}

#[diagnostic::do_not_recommend]
impl<T: QapiType> CommandReturn for T {
    type Value = T;

    fn returns() -> Option<Type> {
        Some(T::schema_type())
    }

    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        out.write(&QapiValue(&self))
    }
}

impl<T: CommandReturn, E: CommandError> CommandReturn for Result<T, E> {
    type Value = T::Value;

    fn returns() -> Option<Type> {
        T::returns()
    }

    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        self.map_err(CommandError::into_error)?.write(out)
    }
}

/// A `Result` that a command returns. Generated code uses it for a return type named `Result`, so
/// that the compiler reports the value or the error and not the whole type.
#[diagnostic::on_unimplemented(
    message = "a QAPI command cannot return `{Self}`",
    label = "not a `Result`",
    note = "return nothing, a QAPI type, a `Vec` of one, or a `Result` of these"
)]
pub trait CommandResult: Sized {
    /// [`CommandReturn::Value`]
    type Value: Returned;

    /// [`CommandReturn::returns`]
    fn returns() -> Option<Type>;

    /// [`CommandReturn::write`]
    ///
    /// # Errors
    /// The errors of [`CommandReturn::write`].
    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()>;
}

impl<T: CommandReturn, E: CommandError> CommandResult for Result<T, E> {
    type Value = T::Value;

    fn returns() -> Option<Type> {
        T::returns()
    }

    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        CommandReturn::write(self, out)
    }
}

/// The error of a command's `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a QAPI command",
    label = "does not convert to `qapi_core::Error`",
    note = "implement `std::error::Error`, `Send` and `Sync` for `{Self}`, or write \
            `impl From<{Self}> for qapi_core::Error`"
)]
pub trait CommandError {
    /// The error reply.
    fn into_error(self) -> Error;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> CommandError for E {
    fn into_error(self) -> Error {
        self.into()
    }
}

/// The result type of a call: a QAPI type, or `()` for a command that returns nothing.
#[diagnostic::on_unimplemented(
    message = "a call cannot return `{Self}`",
    label = "not a QAPI type",
    note = "use a QAPI type, a `Vec` of one, or `()` where the command returns nothing"
)]
pub trait Returned: Sized {
    /// Reads the reply's member `return`.
    ///
    /// # Errors
    /// The value is not of this type.
    fn read(value: Value<'_>) -> Result<Self>;
}

impl Returned for () {
    fn read(_: Value<'_>) -> Result<Self> {
        Ok(())
    }
}

impl<T: QapiType> Returned for T {
    fn read(value: Value<'_>) -> Result<Self> {
        T::visit(Input::from_server(value))
    }
}

/// A command with its arguments, as [`Client::execute`](crate::client::Client::execute) takes it.
///
/// The word `client` of [`qapi_command`](crate::qapi_command) adds a struct that implements it,
/// with the name of the function. The fields of the struct are the arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command that a client can execute",
    label = "not a command",
    note = "add the word `client` to the function's `#[qapi_command]`, and pass the struct with \
            the name of the function"
)]
pub trait QapiCommand {
    /// The command in the schema.
    const DEFINITION: &'static Definition;

    /// The return type: a QAPI type, or `()`.
    type Return: Returned;

    /// Writes the arguments, without the braces around them.
    ///
    /// # Errors
    /// The errors of `map`.
    fn serialize_arguments<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// The parameter type of a command that checks its arguments itself (`gen = false`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot contain the arguments of a command with `gen = false`",
    label = "not a map of JSON values",
    note = "write `serde_json::Map<String, serde_json::Value>`, and check the arguments in the \
            function"
)]
pub trait RawArguments: Sized {
    /// All members of `object`.
    fn take(object: &ObjectVisitor<'_, '_>) -> Self;
}

impl RawArguments for serde_json::Map<String, serde_json::Value> {
    fn take(object: &ObjectVisitor<'_, '_>) -> Self {
        object.to_json()
    }
}
