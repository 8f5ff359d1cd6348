//! The error texts about objects, worded as QEMU words them.

use std::fmt::Display;
use std::path::Path;

use qapi_core::Error;

pub(super) fn not_an_identifier(key: &str) -> Error {
    Error::generic(format!("Parameter '{key}' expects an identifier"))
}

/// QEMU has no such limit.
pub(super) fn id_too_long(most: usize) -> Error {
    Error::generic(format!("the id of an object has at most {most} bytes"))
}

/// QEMU has no such limit.
pub(super) fn too_many(most: usize) -> Error {
    Error::generic(format!("at most {most} objects can exist"))
}

/// QEMU has no such limit.
pub(super) fn secret_too_large(most: u64) -> Error {
    Error::generic(format!("a secret has at most {most} bytes"))
}

pub(super) fn duplicate_object(id: &str) -> Error {
    Error::generic(format!(
        "attempt to add duplicate property '{id}' to object (type 'container')"
    ))
}

pub(super) fn object_not_found(id: &str) -> Error {
    Error::generic(format!("object '{id}' not found"))
}

pub(super) fn object_in_use(id: &str) -> Error {
    Error::generic(format!("object '{id}' is in use, can not be deleted"))
}

pub(super) fn negative_limit() -> Error {
    Error::generic("Property values cannot be negative")
}

/// QEMU's text lacks a blank.
pub(super) fn property_out_of_range(name: &str, most: i64) -> Error {
    Error::generic(format!("{name} value must be in therange [0, {most}]"))
}

pub(super) fn property_already_set() -> Error {
    Error::generic("Property cannot be set after initialization")
}

pub(super) fn limit_out_of_range(name: &str, most: i64) -> Error {
    Error::generic(format!("{name} value must be in the range [0, {most}]"))
}

pub(super) fn no_tls_credentials(id: &str) -> Error {
    Error::generic(format!("No TLS credentials with id '{id}'"))
}

pub(super) fn not_tls_credentials(id: &str) -> Error {
    Error::generic(format!("Object with id '{id}' is not TLS credentials"))
}

pub(super) fn not_server_credentials() -> Error {
    Error::generic("Expected TLS credentials for a server endpoint")
}

/// QEMU has no such error.
pub(super) fn no_pre_shared_keys() -> Error {
    Error::generic("tls-creds-psk is not supported; tls-creds-x509 is")
}

/// QEMU has no such error.
pub(super) fn property_not_supported(name: &str) -> Error {
    Error::generic(format!("Property '{name}' is not supported"))
}

pub(super) fn negative_property(name: &str) -> Error {
    Error::generic(format!("{name} value must be in range [0, {}]", i64::MAX))
}

pub(super) fn thread_pool_range() -> Error {
    Error::generic("bad thread-pool-min/thread-pool-max values")
}

pub(super) fn file_and_data() -> Error {
    Error::generic("'file' and 'data' are mutually exclusive")
}

pub(super) fn neither_file_nor_data() -> Error {
    Error::generic("Either 'file' or 'data' must be provided")
}

pub(super) fn cannot_open_secret(path: &Path, error: std::io::Error) -> Error {
    let path = path.display();
    Error::from(error).context(format!("Unable to read {path}: Failed to open file “{path}”"))
}

pub(super) fn cannot_read_secret(path: &Path, error: std::io::Error) -> Error {
    let path = path.display();
    Error::from(error).context(format!("Unable to read {path}: Error reading file “{path}”"))
}

/// QEMU has no such error.
pub(super) fn malformed_pattern(pattern: &str) -> Error {
    Error::generic(format!("'{pattern}' is not a pattern"))
}

pub(super) fn no_dir() -> Error {
    Error::generic("Missing 'dir' property value")
}

pub(super) fn cannot_access(path: &Path, error: std::io::Error) -> Error {
    Error::from(error).context(format!("Unable to access credentials {}", path.display()))
}

pub(super) fn cannot_import(word: &str, path: &Path, error: &dyn Display) -> Error {
    let list = if word == "CA" { " list" } else { "" };
    Error::generic(format!(
        "Unable to import {word} certificate{list} {}: {error}",
        path.display()
    ))
}

pub(super) fn cannot_load(certificate: &Path, key: &Path, error: &dyn Display) -> Error {
    let (certificate, key) = (certificate.display(), key.display());
    Error::generic(format!("Cannot load certificate '{certificate}' & key '{key}': {error}"))
}

pub(super) fn cannot_load_list(what: &str, path: &Path, error: &dyn Display) -> Error {
    Error::generic(format!("Cannot load {what} '{}': {error}", path.display()))
}

pub(super) fn certificate_expired(word: &str, path: &Path) -> Error {
    Error::generic(format!("The {word} certificate {} has expired", path.display()))
}

pub(super) fn certificate_not_active(word: &str, path: &Path) -> Error {
    Error::generic(format!("The {word} certificate {} is not yet active", path.display()))
}

pub(super) fn certificate_of_authority(path: &Path, word: &str) -> Error {
    Error::generic(format!(
        "The certificate {} basic constraints show a CA, but we need one for a {word}",
        path.display()
    ))
}

pub(super) fn certificate_of_no_authority(path: &Path) -> Error {
    Error::generic(format!(
        "The certificate {} basic constraints do not show a CA",
        path.display()
    ))
}

pub(super) fn certificate_without_constraints(path: &Path) -> Error {
    Error::generic(format!(
        "The certificate {} is missing basic constraints for a CA",
        path.display()
    ))
}

pub(super) fn certificate_usage(path: &Path, what: &str) -> Error {
    Error::generic(format!("Certificate {} usage does not permit {what}", path.display()))
}

pub(super) fn certificate_purpose(path: &Path, word: &str) -> Error {
    Error::generic(format!(
        "Certificate {} purpose does not allow use with a TLS {word}",
        path.display()
    ))
}

pub(super) fn unknown_issuer(certificate: &Path, authority: &Path) -> Error {
    Error::generic(format!(
        "Our own certificate {} failed validation against {}: \
         The certificate hasn't got a known issuer",
        certificate.display(),
        authority.display()
    ))
}
