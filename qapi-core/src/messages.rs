//! The texts of the errors that clients receive. The wording is QEMU's, because clients and their
//! test suites compare texts. [`JsonError`](crate::wire::JsonError) has the texts about malformed
//! JSON.

use std::time::Duration;

use crate::error::{Error, ErrorClass};

/// A mandatory member is absent.
pub(crate) fn parameter_missing(path: &str) -> Error {
    Error::generic(format!("Parameter '{path}' is missing"))
}

/// An object has a member that its type does not have.
pub(crate) fn parameter_unexpected(path: &str) -> Error {
    Error::generic(format!("Parameter '{path}' is unexpected"))
}

/// A value is of the wrong JSON type.
pub(crate) fn parameter_type(path: &str, expected: &str) -> Error {
    Error::generic(format!("Invalid parameter type for '{path}', expected: {expected}"))
}

/// A string is not a value of the enumeration.
pub(crate) fn parameter_value(name: &str, value: &str) -> Error {
    Error::generic(format!("Parameter '{name}' does not accept value '{value}'"))
}

/// A value is out of range, or does not have the form that its type requires.
pub(crate) fn parameter_expects(name: &str, expected: &str) -> Error {
    Error::generic(format!("Parameter '{name}' expects {expected}"))
}

/// A value of a type that contains itself is too deep. QEMU has no such limit.
pub(crate) fn nested_too_deep(limit: usize) -> Error {
    Error::generic(format!("Parameters are nested too deep: the limit is {limit} levels"))
}

/// The arguments of a request take more memory than the server has left for this client. QEMU has
/// no such limit.
pub(crate) fn arguments_exceed_memory() -> Error {
    Error::generic("The arguments exceed the memory limit of the server")
}

/// The reply would be too long because of the `id` that it has to repeat. QEMU has no such limit.
pub(crate) fn id_too_long() -> Error {
    Error::generic("QMP input member 'id' is too long to be repeated in a reply")
}

/// The form of a string that encodes bytes.
pub(crate) const EXPECTED_BASE64: &str = "base64";

/// The form of a number that encodes a duration.
pub(crate) const EXPECTED_DURATION: &str = "a length of time";

/// The command does not exist, or the session may not execute it.
pub(crate) fn command_not_found(name: &str) -> Error {
    Error::with_class(
        ErrorClass::CommandNotFound,
        format!("The command {name} has not been found"),
    )
}

/// No definition has this name, or the client may not see the definition.
pub(crate) fn definition_not_found(name: &str) -> Error {
    Error::generic(format!("Definition '{name}' not found"))
}

/// A command that may not be executed before the daemon is configured.
pub(crate) fn permitted_after_preconfig(name: &str) -> Error {
    Error::generic(format!(
        "The command '{name}' is permitted only after machine initialization has completed"
    ))
}

/// Input that the server's policy refuses as deprecated or unstable.
pub(crate) fn disabled_by_policy(
    class: ErrorClass,
    adjective: &str,
    noun: &str,
    name: &str,
) -> Error {
    Error::with_class(class, format!("{adjective} {noun} {name} disabled by policy"))
}

/// A command other than `qmp_capabilities` before negotiation.
pub(crate) fn expecting_negotiation() -> Error {
    Error::with_class(
        ErrorClass::CommandNotFound,
        "Expecting capabilities negotiation with 'qmp_capabilities'",
    )
}

/// `qmp_capabilities` after negotiation.
pub(crate) fn already_negotiated() -> Error {
    Error::with_class(
        ErrorClass::CommandNotFound,
        "Capabilities negotiation is already complete, command ignored",
    )
}

/// A message that is not an object.
pub(crate) fn input_not_object() -> Error {
    Error::generic("QMP input must be a JSON object")
}

/// A message without a command.
pub(crate) fn input_lacks_execute() -> Error {
    Error::generic("QMP input lacks member 'execute'")
}

/// A message with a member that QMP does not have.
pub(crate) fn input_member_unexpected(name: &str) -> Error {
    Error::generic(format!("QMP input member '{name}' is unexpected"))
}

/// A message with a member of another JSON type than `kind`.
pub(crate) fn input_member_type(name: &str, kind: &str) -> Error {
    Error::generic(format!("QMP input member '{name}' must be {kind}"))
}

/// A message that is both in band and out of band.
pub(crate) fn input_members_clash() -> Error {
    Error::generic("QMP input member 'execute' clashes with 'exec-oob'")
}

/// A command that may not run out of band.
pub(crate) fn oob_not_supported(name: &str) -> Error {
    Error::generic(format!("The command {name} does not support OOB"))
}

/// A command whose function panicked.
pub(crate) fn handler_panicked(name: &str) -> Error {
    Error::generic(format!("The command {name} failed unexpectedly"))
}

/// A call that did not end within its deadline.
pub(crate) fn deadline_exceeded(name: &str, deadline: Duration) -> Error {
    Error::generic(format!("The command {name} exceeded its deadline of {deadline:?}"))
}

/// A call that was cancelled. The function may return this error; the client of the call has left
/// or has received another error.
pub(crate) fn call_cancelled() -> Error {
    Error::generic("The call was cancelled")
}

/// More patterns of names than the limit.
pub(crate) fn too_many_patterns(limit: usize) -> Error {
    parameter_expects("patterns", &format!("at most {limit} patterns"))
}

/// A pattern of names beyond the limit.
pub(crate) fn pattern_too_long(limit: usize) -> Error {
    parameter_expects("patterns", &format!("patterns of at most {limit} bytes"))
}

/// A return value that cannot be serialised.
pub(crate) fn unwritable_reply(error: &serde_json::Error) -> Error {
    Error::generic(format!("The reply cannot be written: {error}"))
}

/// State that a command requires and the server does not have.
pub(crate) fn missing_state(type_name: &str) -> Error {
    Error::generic(format!("The server has no state of type {type_name}"))
}

/// `getfd` without an accompanying descriptor.
pub(crate) fn fd_not_supplied() -> Error {
    Error::generic("No file descriptor supplied via SCM_RIGHTS")
}

/// `getfd` with a name that looks like the number of a descriptor.
pub(crate) fn fd_name_is_number() -> Error {
    parameter_expects("fdname", "a name not starting with a digit")
}

/// `getfd` with a name beyond the limit.
pub(crate) fn fd_name_too_long(limit: usize) -> Error {
    parameter_expects("fdname", &format!("a name of at most {limit} bytes"))
}

/// `getfd` in a session with the maximum number of named descriptors.
pub(crate) fn too_many_fds(limit: usize) -> Error {
    Error::generic(format!("A session has at most {limit} file descriptors"))
}

/// `closefd` with a name that no descriptor has.
pub(crate) fn fd_to_close_unknown(name: &str) -> Error {
    Error::generic(format!("File descriptor named '{name}' not found"))
}

/// An argument that names no descriptor.
pub(crate) fn fd_unknown(name: &str) -> Error {
    Error::generic(format!("File descriptor named '{name}' has not been found"))
}
