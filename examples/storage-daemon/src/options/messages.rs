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

pub(super) fn socket_without_path() -> Error {
    Error::generic("Parameter 'path' is missing: only unix sockets are served")
}

pub(super) fn socket_as_client() -> Error {
    Error::generic("Parameter 'server' must be 'on': this program connects to no one")
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
