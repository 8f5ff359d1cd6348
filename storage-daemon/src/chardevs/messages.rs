//! The error texts about character devices, worded as QEMU words them.

use std::fmt::Display;
use std::io;

use qapi_core::Error;

pub(super) fn exists(id: &str) -> Error {
    Error::generic(format!("Chardev with id '{id}' already exists"))
}

pub(super) fn not_found(id: &str) -> Error {
    Error::generic(format!("Chardev '{id}' not found"))
}

pub(super) fn does_not_exist(id: &str) -> Error {
    Error::generic(format!("Chardev '{id}' does not exist"))
}

pub(super) fn busy(id: &str) -> Error {
    Error::generic(format!("Chardev '{id}' is busy"))
}

pub(super) fn cannot_change_in_use() -> Error {
    Error::generic("Chardev user does not support chardev hotswap")
}

pub(super) fn device_not_found(id: &str) -> Error {
    Error::generic(format!("Device '{id}' not found"))
}

pub(super) fn not_a_ring_buffer(id: &str) -> Error {
    Error::generic(format!("{id} is not a ringbuf device"))
}

pub(super) fn size_not_positive() -> Error {
    Error::generic("size must be greater than zero")
}

pub(super) fn cannot_add(id: &str, error: Error) -> Error {
    error.context(format!("Failed to add chardev '{id}'"))
}

pub(super) fn ring_size() -> Error {
    Error::generic("size of ringbuf chardev must be power of two")
}

/// QEMU has no such limit.
pub(super) fn rings_too_large(most: usize) -> Error {
    Error::generic(format!("all ringbuf chardevs together have at most {most} bytes"))
}

/// QEMU has no such limit.
pub(super) fn id_too_long(most: usize) -> Error {
    Error::generic(format!("the id of a chardev has at most {most} bytes"))
}

/// QEMU has no such limit.
pub(super) fn too_many(most: usize) -> Error {
    Error::generic(format!("at most {most} chardevs can exist"))
}

pub(super) fn cannot_open(path: &str, error: io::Error) -> Error {
    Error::from(error).context(format!("Could not open '{path}'"))
}

pub(super) fn cannot_create(path: &str, error: io::Error) -> Error {
    Error::from(error).context(format!("Could not create '{path}'"))
}

pub(super) fn no_pseudo_terminal(error: io::Error) -> Error {
    Error::from(error).context("Failed to create PTY")
}

pub(super) fn cannot_connect(address: &dyn Display, error: io::Error) -> Error {
    Error::from(error).context(format!("Failed to connect to '{address}'"))
}

pub(super) fn authorization_without_credentials() -> Error {
    Error::generic("'tls_authz' option requires 'tls_creds' option")
}

pub(super) fn property_not_writable(type_name: &str, property: &str) -> Error {
    Error::generic(format!("Property '{type_name}.{property}' is not writable"))
}
