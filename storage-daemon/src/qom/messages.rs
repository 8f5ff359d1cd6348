//! The error texts about the tree of objects, worded as QEMU words them.

use qapi_core::{Error, ErrorClass};

pub(super) fn no_object(path: &str) -> Error {
    Error::with_class(ErrorClass::DeviceNotFound, format!("Device '{path}' not found"))
}

pub(super) fn ambiguous_path(path: &str) -> Error {
    Error::generic(format!("Path '{path}' is ambiguous"))
}

pub(super) fn no_property(type_name: &str, property: &str) -> Error {
    Error::generic(format!("Property '{type_name}.{property}' not found"))
}

pub(super) fn not_readable(type_name: &str, property: &str) -> Error {
    Error::generic(format!("Property '{type_name}.{property}' is not readable"))
}

pub(super) fn not_writable(type_name: &str, property: &str) -> Error {
    Error::generic(format!("Property '{type_name}.{property}' is not writable"))
}

pub(super) fn no_type(name: &str) -> Error {
    Error::with_class(ErrorClass::DeviceNotFound, format!("Class '{name}' not found"))
}

pub(super) fn not_an_object_type() -> Error {
    Error::generic("Parameter 'typename' expects a QOM type")
}
