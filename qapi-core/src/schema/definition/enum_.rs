//! Enumerations, and values that other crates add to them.

use std::ptr;

use super::{Definition, DefinitionKind, Feature, Source, Type, TypeRef};

/// An enumeration: a list of strings.
#[derive(Debug)]
pub struct Enum {
    /// What the names of its values begin with in QEMU's generated C, where that is not made of
    /// its own name (`prefix`). Nothing on the wire shows it.
    pub prefix: Option<&'static str>,
    /// Whether other crates may add values.
    pub open: bool,
    /// Its own values, in the order of their declaration; [`Definition::enum_values`] has all.
    pub values: &'static [EnumValue],
}

/// One value of an enumeration.
#[derive(Debug)]
pub struct EnumValue {
    /// The string on the wire.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// The version it appeared in, where that is later than its enumeration.
    pub since: Option<&'static str>,
    /// Its special features.
    pub features: &'static [Feature],
}

/// Values that a crate adds to an open enumeration of another.
#[derive(Debug)]
pub struct AddedValues {
    /// The enumeration.
    pub to: TypeRef,
    /// The values, in the order of their declaration.
    pub values: &'static [EnumValue],
    /// Where they were annotated.
    pub source: Source,
}

inventory::collect!(AddedValues);

impl AddedValues {
    /// All that was added to the enumeration that `definition` defines, in no certain order.
    pub(crate) fn to(definition: &'static Definition) -> impl Iterator<Item = &'static Self> {
        let is_open = match &definition.kind {
            DefinitionKind::Enum(data) => data.open,
            DefinitionKind::Struct(_)
            | DefinitionKind::Union(_)
            | DefinitionKind::Alternate(_)
            | DefinitionKind::Command(_)
            | DefinitionKind::Event(_) => false,
        };
        let added = is_open.then(|| inventory::iter::<Self>.into_iter()).into_iter().flatten();
        added.filter(move |added| match (added.to)() {
            Type::Defined(found) => ptr::eq(found, definition),
            Type::Builtin(_) | Type::Array(_) => false,
        })
    }

    /// The same, in an order that the linker has no part in.
    pub(crate) fn sorted(definition: &'static Definition) -> Vec<&'static Self> {
        let mut all: Vec<_> = Self::to(definition).collect();
        all.sort_by_key(|added| added.source);
        all
    }
}

impl Definition {
    /// The values of an enumeration: its own in the order of their declaration, then those that
    /// other crates add, sorted by where they stand. Other definitions have none.
    pub fn enum_values(&'static self) -> Vec<&'static EnumValue> {
        let added = AddedValues::sorted(self).into_iter().flat_map(|added| added.values);
        self.own_values().iter().chain(added).collect()
    }

    /// The value of an enumeration that is `name` on the wire.
    pub(crate) fn enum_value(&'static self, name: &str) -> Option<&'static EnumValue> {
        let added = AddedValues::to(self).flat_map(|added| added.values);
        self.own_values().iter().chain(added).find(|value| value.name == name)
    }

    /// The values that an enumeration has without what other crates add.
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
