//! Commands as clients execute them.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::message::Returned;
use crate::descriptor::Definition;

/// A command with its arguments, as [`Client::execute`](super::Client::execute) takes it.
///
/// The word `client` of [`qapi_command`](crate::qapi_command) adds a struct that implements it,
/// of the function's name: to execute `job-pause` reads like a call of `job_pause` whose
/// arguments are named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command that a client can execute",
    label = "not a command",
    note = "add the word `client` to the function's `#[qapi_command]`, and fill in the struct of \
            the function's name"
)]
pub trait QapiCommand {
    /// The command's place in the schema.
    const DEFINITION: &'static Definition;

    /// What the command returns: a QAPI type, or `()`.
    type Return: Returned;

    /// Writes the arguments, without the braces around them.
    ///
    /// # Errors
    /// Those of `map`.
    fn serialize_arguments<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// A command's arguments as an object.
pub(super) struct Arguments<'a, C>(pub(super) &'a C);

impl<C: QapiCommand> Serialize for Arguments<'_, C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.serialize_arguments(&mut map)?;
        map.end()
    }
}
