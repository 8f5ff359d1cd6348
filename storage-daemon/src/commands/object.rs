//! `object-add` and `object-del`.

use qapi_core::{Result, qapi_command};

use crate::objects::Objects;
use crate::schema::object::ObjectOptions;

/// Adds an object that other commands name.
///
/// # Errors
/// The identifier is malformed or in use, or the object cannot be created from its properties.
#[qapi_command(since = "2.0", boxed, allow_preconfig, blocking)]
pub fn object_add(#[qapi(state)] objects: &Objects, options: ObjectOptions) -> Result<()> {
    objects.add(options)
}

/// Removes an object. Its users keep it.
///
/// # Errors
/// There is no such object.
#[qapi_command(since = "2.0", allow_preconfig)]
pub fn object_del(
    #[qapi(state)] objects: &Objects,
    /// The identifier.
    id: &str,
) -> Result<()> {
    objects.remove(id)
}
