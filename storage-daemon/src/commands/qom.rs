//! `qom-list`, `qom-get`, `qom-set`, `qom-list-types` and `qom-list-properties`.

use qapi_core::{Result, qapi_command};
use serde_json::Value;

use crate::chardevs::Chardevs;
use crate::objects::Objects;
use crate::qom::{Tree, types};
use crate::schema::qom::{ObjectPropertyInfo, ObjectTypeInfo};

/// Lists the properties of an object. The objects below it are properties too.
///
/// # Errors
/// No object has the path, or several do.
#[qapi_command(since = "1.2", allow_preconfig)]
pub fn qom_list(
    #[qapi(state)] objects: &Objects,
    #[qapi(state)] chardevs: &Chardevs,
    /// The path, from the root as `/objects/ID`, or the last parts of it if only one object has
    /// them.
    path: &str,
) -> Result<Vec<ObjectPropertyInfo>> {
    Tree::new(objects, chardevs).list(path)
}

/// Returns the value of a property; for an object below, its path.
///
/// # Errors
/// No object has the path, or several do; it has no such property, or the property cannot be read.
#[qapi_command(since = "1.2", allow_preconfig, returns_exception)]
pub fn qom_get(
    #[qapi(state)] objects: &Objects,
    #[qapi(state)] chardevs: &Chardevs,
    /// The path, as for `qom-list`.
    path: &str,
    /// The name of the property.
    property: &str,
) -> Result<Value> {
    Tree::new(objects, chardevs).get(path, property)
}

/// Changes a property.
///
/// # Errors
/// As for `qom-get`; the property cannot be changed, or the value is of another type or out of
/// range.
#[qapi_command(since = "1.2", allow_preconfig)]
pub fn qom_set(
    #[qapi(state)] objects: &Objects,
    #[qapi(state)] chardevs: &Chardevs,
    /// The path, as for `qom-list`.
    path: &str,
    /// The name of the property.
    property: &str,
    /// The value.
    value: Value,
) -> Result<()> {
    Tree::new(objects, chardevs).set(path, property, value)
}

/// Lists types of objects.
#[qapi_command(since = "1.1", allow_preconfig)]
pub fn qom_list_types(
    /// Only types that are derived from this one or have this interface.
    implements: Option<&str>,
    /// Whether to include the types without objects of their own; `false` by default.
    #[qapi(name = "abstract")]
    with_abstract: Option<bool>,
) -> Vec<ObjectTypeInfo> {
    types::list(implements, with_abstract.unwrap_or(false))
}

/// Lists the properties of the objects of a type.
///
/// # Errors
/// There is no such type, or it is an interface.
#[qapi_command(since = "2.12", allow_preconfig)]
pub fn qom_list_properties(
    /// The name of the type.
    typename: &str,
) -> Result<Vec<ObjectPropertyInfo>> {
    types::list_properties(typename)
}
