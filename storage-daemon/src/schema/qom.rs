//! The types of the commands about the tree of objects, from QEMU's `qom.json`.

use qapi_core::qapi_struct;

/// A property of an object or of a type of objects.
#[qapi_struct(since = "1.2")]
#[derive(Debug, Clone)]
pub struct ObjectPropertyInfo {
    /// The name.
    pub name: String,
    /// The type; `child<TYPE>` for an object of this type below the object.
    pub r#type: String,
    /// The description. This program has none.
    #[qapi(since = "2.2")]
    pub description: Option<String>,
    /// The default value. This program reports none, as QEMU's storage daemon does.
    #[qapi(since = "5.0")]
    pub default_value: Option<serde_json::Value>,
}

/// A type of objects.
#[qapi_struct(since = "1.1")]
#[derive(Debug, Clone)]
pub struct ObjectTypeInfo {
    /// The name.
    pub name: String,
    /// Whether objects have one of the types derived from this one instead; absent for `false`.
    #[qapi(name = "abstract", since = "2.10")]
    pub is_abstract: Option<bool>,
    /// The type from which this one is derived; absent for a root of the tree of types.
    #[qapi(since = "2.10")]
    pub parent: Option<String>,
}
