//! Arguments that generated code does not check.

use crate::visitor::object::ObjectVisitor;

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
