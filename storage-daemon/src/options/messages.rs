//! What people are told about a malformed option, in one place, worded as QEMU words it.

use qapi_core::Error;

pub(super) fn no_help() -> Error {
    Error::generic("Help is not available for this option")
}

pub(super) fn value_missing(key: &str) -> Error {
    Error::generic(format!("Expected '=' after parameter '{key}'"))
}

pub(super) fn invalid_parameter(key: &str) -> Error {
    Error::generic(format!("Invalid parameter '{key}'"))
}

pub(super) fn parameter_missing(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' missing"))
}

/// `prefix` ends with a dot.
pub(super) fn used_inconsistently(prefix: &str) -> Error {
    Error::generic(format!("Parameters '{prefix}*' used inconsistently"))
}

pub(super) fn too_long(name: &str, is_fragment: bool) -> Error {
    let fragment = if is_fragment { " fragment" } else { "" };
    Error::generic(format!("Parameter{fragment} '{name}' is too long"))
}

pub(super) fn nested_too_deep(limit: usize) -> Error {
    Error::generic(format!("Parameters have at most {limit} levels"))
}

pub(super) fn not_a_switch(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' expects 'on' or 'off'"))
}

pub(super) fn not_an_identifier(key: &str) -> Error {
    Error::generic(format!(
        "Parameter '{key}' expects an identifier\n\
         Identifiers consist of letters, digits, '-', '.', '_', starting with a letter."
    ))
}

pub(super) fn chardev_without_id() -> Error {
    Error::generic("chardev: no id specified")
}

pub(super) fn chardev_without_backend(id: &str) -> Error {
    Error::generic(format!("chardev: \"{id}\" missing backend"))
}

pub(super) fn unknown_backend(backend: &str) -> Error {
    Error::generic(format!("'{backend}' is not a valid char driver name"))
}

pub(super) fn not_a_number(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' expects a number"))
}

pub(super) fn mutually_exclusive(one: &str, other: &str) -> Error {
    Error::generic(format!("'{one}' and '{other}' are mutually exclusive"))
}

/// QEMU gets lost here: it waits on no socket at all.
pub(super) fn socket_without_address() -> Error {
    Error::generic("One of 'path', 'fd', 'host' and 'port' is required")
}

pub(super) fn more_than_one_address() -> Error {
    Error::generic("None or one of 'path', 'fd' or 'host' option required.")
}

pub(super) fn socket_without_port() -> Error {
    Error::generic("chardev: socket: no port given")
}

pub(super) fn not_an_fd(text: &str) -> Error {
    Error::generic(format!("Unable to parse FD number {text}"))
}

pub(super) fn unknown_port(host: &str, port: &str) -> Error {
    Error::generic(format!(
        "address resolution failed for {host}:{port}: Servname not supported for ai_socktype"
    ))
}

pub(super) fn no_internet_protocol() -> Error {
    Error::generic("Cannot disable IPv4 and IPv6 at same time")
}

pub(super) fn only_plain_sockets(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' is not supported"))
}

pub(super) fn reconnect_as_server() -> Error {
    Error::generic("'reconnect' option is incompatible with socket in server listen mode")
}

pub(super) fn wait_without_server() -> Error {
    Error::generic("'wait' option is incompatible with socket in client connect mode")
}

pub(super) fn socket_path_too_long(path: &str, limit: usize) -> Error {
    Error::generic(format!(
        "UNIX socket path '{path}' is too long\nPath must be less than {limit} bytes"
    ))
}

pub(super) fn only_qmp() -> Error {
    Error::generic("Only QMP is supported")
}
