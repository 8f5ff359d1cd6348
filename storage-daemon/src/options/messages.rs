//! The error texts of the command line, worded as QEMU words them.

use qapi_core::Error;

pub(crate) fn no_help() -> Error {
    Error::generic("Help is not available for this option")
}

pub(crate) fn value_missing(key: &str) -> Error {
    Error::generic(format!("Expected '=' after parameter '{key}'"))
}

pub(crate) fn invalid_parameter(key: &str) -> Error {
    Error::generic(format!("Invalid parameter '{key}'"))
}

pub(crate) fn parameter_missing(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' missing"))
}

/// `prefix` ends with a dot.
pub(crate) fn used_inconsistently(prefix: &str) -> Error {
    Error::generic(format!("Parameters '{prefix}*' used inconsistently"))
}

pub(crate) fn too_long(name: &str, is_fragment: bool) -> Error {
    let fragment = if is_fragment { " fragment" } else { "" };
    Error::generic(format!("Parameter{fragment} '{name}' is too long"))
}

pub(crate) fn nested_too_deep(limit: usize) -> Error {
    Error::generic(format!("Parameters have at most {limit} levels"))
}

pub(crate) fn not_a_switch(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' expects 'on' or 'off'"))
}

pub(crate) fn not_a_size(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' expects a size value"))
}

pub(crate) fn not_an_identifier(key: &str) -> Error {
    Error::generic(format!(
        "Parameter '{key}' expects an identifier\n\
         Identifiers consist of letters, digits, '-', '.', '_', starting with a letter."
    ))
}

pub(crate) fn chardev_without_id() -> Error {
    Error::generic("chardev: no id specified")
}

pub(crate) fn chardev_without_backend(id: &str) -> Error {
    Error::generic(format!("chardev: \"{id}\" missing backend"))
}

pub(crate) fn unknown_backend(backend: &str) -> Error {
    Error::generic(format!("'{backend}' is not a valid char driver name"))
}

pub(crate) fn not_a_number(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' expects a number"))
}

pub(crate) fn mutually_exclusive(one: &str, other: &str) -> Error {
    Error::generic(format!("'{one}' and '{other}' are mutually exclusive"))
}

/// QEMU has no text for this case, in which QEMU hangs.
pub(crate) fn socket_without_address() -> Error {
    Error::generic("One of 'path', 'fd', 'host' and 'port' is required")
}

pub(crate) fn more_than_one_address() -> Error {
    Error::generic("None or one of 'path', 'fd' or 'host' option required.")
}

pub(crate) fn socket_without_port() -> Error {
    Error::generic("chardev: socket: no port given")
}

pub(crate) fn not_an_fd(text: &str) -> Error {
    Error::generic(format!("Unable to parse FD number {text}"))
}

pub(crate) fn unknown_port(host: &str, port: &str) -> Error {
    Error::generic(format!(
        "address resolution failed for {host}:{port}: Servname not supported for ai_socktype"
    ))
}

pub(crate) fn no_internet_protocol() -> Error {
    Error::generic("Cannot disable IPv4 and IPv6 at same time")
}

pub(crate) fn only_plain_sockets(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' is not supported"))
}

pub(crate) fn reconnect_as_server() -> Error {
    Error::generic("'reconnect' option is incompatible with socket in server listen mode")
}

pub(crate) fn wait_without_server() -> Error {
    Error::generic("'wait' option is incompatible with socket in client connect mode")
}

pub(crate) fn socket_path_too_long(path: &str, limit: usize) -> Error {
    Error::generic(format!(
        "UNIX socket path '{path}' is too long\nPath must be less than {limit} bytes"
    ))
}

/// QEMU has no such option.
pub(crate) fn no_landlock() -> Error {
    Error::generic("This kernel does not support Landlock, or has it disabled")
}

pub(crate) fn cannot_open(path: &str, error: std::io::Error) -> Error {
    Error::generic(format!("Could not open '{path}': {}", Error::from(error).desc()))
}

pub(crate) fn value_unknown(name: &str, value: &str) -> Error {
    Error::generic(format!("Parameter '{name}' does not accept value '{value}'"))
}

pub(crate) fn only_qmp() -> Error {
    Error::generic("Only QMP is supported")
}

pub(crate) fn duplicate_chardev(id: &str) -> Error {
    Error::generic(format!("Duplicate ID '{id}' for chardev"))
}

/// QEMU registers sockets for its command `yank` before it looks at the IDs of other devices.
pub(crate) fn duplicate_socket() -> Error {
    Error::generic("duplicate yank instance")
}

pub(crate) fn no_chardev(id: &str) -> Error {
    Error::generic(format!("chardev \"{id}\" not found"))
}

pub(crate) fn chardev_in_use(id: &str) -> Error {
    Error::generic(format!("chardev '{id}' is already in use"))
}

/// QEMU has no such error.
pub(crate) fn no_clients(id: &str) -> Error {
    Error::generic(format!("chardev '{id}' has no clients, which a monitor needs"))
}

pub(crate) fn without_path(backend: &str, what: &str) -> Error {
    Error::generic(format!("chardev: {backend}: no {what} given"))
}

pub(crate) fn not_a_byte_count(key: &str) -> Error {
    Error::generic(format!(
        "Parameter '{key}' expects a non-negative number below 2^64\n\
         Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\n\
         and exabytes, respectively."
    ))
}

pub(crate) fn stdio_in_use() -> Error {
    Error::generic("cannot use stdio by multiple character devices")
}

pub(crate) fn stdio_with_daemonize() -> Error {
    Error::generic("cannot use stdio with -daemonize")
}

pub(crate) fn no_free_port() -> Error {
    Error::generic("Failed to find an available port")
}

pub(crate) fn cannot_resolve(host: &str, port: u16, reason: &str) -> Error {
    Error::generic(format!("address resolution failed for {host}:{port}: {reason}"))
}
