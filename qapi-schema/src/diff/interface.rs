//! What clients see of a schema, whatever it was read from.
//!
//! Names of types, bases and the order of parts are invisible to clients: members of bases are
//! members of the object, and a type is an index that no comparison uses.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The commands and events of a schema with their types, for [`compare`](super::compare).
#[derive(Debug)]
pub struct Interface {
    pub(super) commands: BTreeMap<String, Command>,
    pub(super) events: BTreeMap<String, Event>,
    pub(super) types: Vec<Arc<Type>>,
    /// Whether the schema was read from files, which have conditions and ranges of integers.
    pub(super) is_from_files: bool,
}

/// The index of a type in [`Interface::types`].
pub(super) type TypeIndex = usize;

/// The index of the object without members.
pub(super) const EMPTY: TypeIndex = 0;

impl Interface {
    pub(super) fn new(is_from_files: bool) -> Self {
        let empty = Type { part: Part::default(), name: None, kind: TypeKind::empty() };
        let types = vec![Arc::new(empty)];
        Self { commands: BTreeMap::new(), events: BTreeMap::new(), types, is_from_files }
    }
}

/// The first line of a part in a schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The path of the file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

/// What commands, events, members and values have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) features: Vec<String>,
    pub(super) condition: Option<String>,
    pub(super) place: Option<Place>,
    /// The first sentence of the documentation.
    pub(super) description: Option<String>,
    /// The version of the documentation's `Since`.
    pub(super) since: Option<String>,
}

impl Part {
    pub(super) fn has_feature(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature == name)
    }

    /// Whether the part may change in any way: by its feature, or by its name, as before features
    /// existed.
    pub(super) fn is_unstable(&self, name: &str) -> bool {
        self.has_feature("unstable") || name.starts_with("x-")
    }
}

#[derive(Debug)]
pub(super) struct Command {
    pub(super) part: Part,
    pub(super) arguments: TypeIndex,
    pub(super) returns: TypeIndex,
    pub(super) allow_oob: bool,
    pub(super) allow_preconfig: bool,
    pub(super) success_response: bool,
}

#[derive(Debug)]
pub(super) struct Event {
    pub(super) part: Part,
    pub(super) data: TypeIndex,
}

#[derive(Debug, Clone)]
pub(super) struct Type {
    pub(super) part: Part,
    /// The name for people, if the schema tells it.
    pub(super) name: Option<String>,
    pub(super) kind: TypeKind,
}

#[derive(Debug, Clone)]
pub(super) enum TypeKind {
    Scalar(Scalar),
    Array(TypeIndex),
    Enum(BTreeMap<String, Part>),
    Object(Object),
    Alternate(Vec<TypeIndex>),
}

impl TypeKind {
    pub(super) fn empty() -> Self {
        Self::Object(Object::default())
    }
}

/// A built-in type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    String,
    Number,
    /// An integer with the range of its type, if the schema tells it.
    Int(Option<(i128, i128)>),
    Boolean,
    Null,
    Any,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    pub(super) members: BTreeMap<String, Member>,
    pub(super) variants: Option<Variants>,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) part: Part,
    pub(super) optional: bool,
    pub(super) ty: TypeIndex,
}

/// The members that each value of another member adds.
#[derive(Debug, Clone)]
pub(super) struct Variants {
    pub(super) tag: String,
    /// The objects, by value. A value that is absent adds nothing.
    pub(super) cases: BTreeMap<String, TypeIndex>,
}
