//! Enumerations, and values that other crates add to them.

use std::ptr;

use super::type_::{Type, TypeRef};
use super::{Definition, DefinitionKind, Part, Source};

/// An enumeration: a list of strings.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Enum {
    /// The prefix of the values' names in QEMU's generated C, if the schema sets one (`prefix`). It
    /// does not occur on the wire.
    pub prefix: Option<&'static str>,
    /// Whether other crates may add values.
    pub open: bool,
    /// The enumeration's own values, in the order of their declaration.
    /// [`Definition::enum_values`] returns the added values too.
    pub values: &'static [EnumValue],
}

impl Enum {
    /// An enumeration to which no other crate adds values.
    pub const fn new(values: &'static [EnumValue]) -> Self {
        Self { prefix: None, open: false, values }
    }

    /// Allows other crates to add values.
    #[must_use]
    pub const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// Sets the prefix of the values' names in C.
    #[must_use]
    pub const fn prefix(self, prefix: &'static str) -> Self {
        Self { prefix: Some(prefix), ..self }
    }
}

/// One value of an enumeration.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EnumValue {
    /// The string on the wire and the documentation.
    pub part: Part,
}

impl EnumValue {
    /// A value.
    pub const fn new(part: Part) -> Self {
        Self { part }
    }
}

/// Values that a crate adds to an open enumeration of another crate.
#[derive(Debug)]
#[non_exhaustive]
pub struct EnumExtension {
    /// The enumeration.
    pub extends: TypeRef,
    /// The added values, in the order of their declaration.
    pub values: &'static [EnumValue],
    /// The place of the annotation.
    pub source: Source,
    in_binary: bool,
}

impl EnumExtension {
    /// An extension of the enumeration `extends`.
    pub const fn new(extends: TypeRef, values: &'static [EnumValue], source: Source) -> Self {
        Self { extends, values, source, in_binary: false }
    }

    /// Tells whether the annotation is in the crate of a binary.
    #[must_use]
    pub const fn in_binary(self, in_binary: bool) -> Self {
        Self { in_binary, ..self }
    }

    /// Whether the annotation is in the crate of a binary.
    pub(crate) const fn is_in_binary(&self) -> bool {
        self.in_binary
    }
}

inventory::collect!(EnumExtension);

impl EnumExtension {
    /// The extensions of the enumeration that `definition` defines, in the linker's order.
    pub(crate) fn of(definition: &'static Definition) -> impl Iterator<Item = &'static Self> {
        let is_open = matches!(&definition.kind, DefinitionKind::Enum(data) if data.open);
        let all = is_open.then(|| inventory::iter::<Self>.into_iter()).into_iter().flatten();
        all.filter(move |extension| match extension.extends.get() {
            Type::Defined(found) => ptr::eq(found, definition),
            Type::Builtin(_) | Type::Array(_) => false,
        })
    }

    /// As [`Self::of`], sorted by the place of the annotation.
    pub(crate) fn sorted(definition: &'static Definition) -> Vec<&'static Self> {
        let mut all: Vec<_> = Self::of(definition).collect();
        all.sort_by_key(|extension| extension.source);
        all
    }
}

impl Definition {
    /// The values of an enumeration: its own in the order of their declaration, then those that
    /// other crates add, sorted by the place of their annotation. Other definitions have none.
    pub fn enum_values(&'static self) -> Vec<&'static EnumValue> {
        let added = EnumExtension::sorted(self).into_iter().flat_map(|found| found.values);
        self.own_values().iter().chain(added).collect()
    }

    /// The value of an enumeration that is `name` on the wire.
    pub(crate) fn enum_value(&'static self, name: &str) -> Option<&'static EnumValue> {
        let added = EnumExtension::of(self).flat_map(|found| found.values);
        self.own_values().iter().chain(added).find(|value| value.name == name)
    }

    /// The values that the enumeration itself declares.
    pub(crate) fn own_values(&self) -> &'static [EnumValue] {
        match &self.kind {
            DefinitionKind::Enum(data) => data.values,
            DefinitionKind::Struct(_)
            | DefinitionKind::Union(_)
            | DefinitionKind::Alternate(_)
            | DefinitionKind::Command(_)
            | DefinitionKind::Event(_) => &[],
        }
    }
}
