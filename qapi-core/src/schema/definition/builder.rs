//! How generated code writes definitions down: const functions that take what every definition
//! has, and methods that add what only some have.

use crate::schema::definition::Source;
use crate::schema::definition::doc::{Section, SectionKind};
use crate::schema::definition::enum_::{Enum, EnumValue};
use crate::schema::definition::type_::{Type, TypeRef};
use crate::schema::definition::{
    Alternate, AlternateMember, Arguments, Branch, Command, Definition, DefinitionKind, Event,
    Feature, Member, RateLimit, StateRequirement, Struct, Union,
};

/// Describes a definition.
pub const fn definition(
    name: &'static str,
    doc: &'static str,
    source: Source,
    kind: DefinitionKind,
) -> Definition {
    Definition { name, doc, sections: &[], since: None, features: &[], source, kind }
}

impl Definition {
    /// Adds the sections of its documentation.
    #[doc(hidden)]
    #[must_use]
    pub const fn sections(self, sections: &'static [Section]) -> Self {
        Self { sections, ..self }
    }

    /// Adds the version it appeared in.
    #[doc(hidden)]
    #[must_use]
    pub const fn since(self, since: &'static str) -> Self {
        Self { since: Some(since), ..self }
    }

    /// Adds its special features.
    #[doc(hidden)]
    #[must_use]
    pub const fn features(self, features: &'static [Feature]) -> Self {
        Self { features, ..self }
    }
}

/// Describes a section of documentation.
pub const fn section(kind: SectionKind, doc: &'static str) -> Section {
    Section { kind, doc }
}

/// Describes a special feature.
pub const fn feature(name: &'static str, doc: &'static str) -> Feature {
    Feature { name, doc, since: None }
}

impl Feature {
    /// Adds the version it appeared in.
    #[doc(hidden)]
    #[must_use]
    pub const fn since(self, since: &'static str) -> Self {
        Self { since: Some(since), ..self }
    }
}

/// Describes an enumeration.
pub const fn enumeration(values: &'static [EnumValue]) -> Enum {
    Enum { prefix: None, open: false, values }
}

impl Enum {
    /// Lets other crates add values.
    #[doc(hidden)]
    #[must_use]
    pub const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// Adds what the names of its values begin with in C.
    #[doc(hidden)]
    #[must_use]
    pub const fn prefix(self, prefix: &'static str) -> Self {
        Self { prefix: Some(prefix), ..self }
    }
}

/// Describes a value of an enumeration.
pub const fn value(name: &'static str, doc: &'static str) -> EnumValue {
    EnumValue { name, doc, since: None, features: &[] }
}

impl EnumValue {
    /// Adds the version it appeared in.
    #[doc(hidden)]
    #[must_use]
    pub const fn since(self, since: &'static str) -> Self {
        Self { since: Some(since), ..self }
    }

    /// Adds its special features.
    #[doc(hidden)]
    #[must_use]
    pub const fn features(self, features: &'static [Feature]) -> Self {
        Self { features, ..self }
    }
}

/// Describes a struct.
pub const fn structure(base: Option<TypeRef>, members: &'static [Member]) -> DefinitionKind {
    DefinitionKind::Struct(Struct { base, members })
}

/// Describes a union.
pub const fn union(
    base: Option<TypeRef>,
    members: &'static [Member],
    discriminator: &'static str,
    (_, tag): (bool, TypeRef),
    branches: fn() -> &'static [Branch],
) -> DefinitionKind {
    DefinitionKind::Union(Union { base, members, discriminator, tag: Some(tag), branches })
}

/// Describes a member.
pub const fn member(
    name: &'static str,
    doc: &'static str,
    (optional, ty): (bool, TypeRef),
) -> Member {
    Member { name, doc, since: None, optional, ty, features: &[] }
}

impl Member {
    /// Adds the version it appeared in.
    #[doc(hidden)]
    #[must_use]
    pub const fn since(self, since: &'static str) -> Self {
        Self { since: Some(since), ..self }
    }

    /// Adds its special features.
    #[doc(hidden)]
    #[must_use]
    pub const fn features(self, features: &'static [Feature]) -> Self {
        Self { features, ..self }
    }
}

/// Describes an alternate.
pub const fn alternate(members: &'static [AlternateMember]) -> DefinitionKind {
    DefinitionKind::Alternate(Alternate { members })
}

/// Describes an alternative.
pub const fn alternative(name: &'static str, doc: &'static str, ty: TypeRef) -> AlternateMember {
    AlternateMember { name, doc, since: None, ty }
}

impl AlternateMember {
    /// Adds the version it appeared in.
    #[doc(hidden)]
    #[must_use]
    pub const fn since(self, since: &'static str) -> Self {
        Self { since: Some(since), ..self }
    }
}

/// Describes a command.
pub const fn command(arguments: Arguments, returns: fn() -> Option<Type>) -> Command {
    Command {
        arguments,
        returns,
        allow_oob: false,
        allow_preconfig: false,
        success_response: true,
        raw: false,
        returns_exception: false,
        needs: &[],
    }
}

impl Command {
    /// Lets it be executed out of band.
    #[doc(hidden)]
    #[must_use]
    pub const fn allow_oob(self) -> Self {
        Self { allow_oob: true, ..self }
    }

    /// Lets it be executed before the machine is configured.
    #[doc(hidden)]
    #[must_use]
    pub const fn allow_preconfig(self) -> Self {
        Self { allow_preconfig: true, ..self }
    }

    /// Leaves success unanswered.
    #[doc(hidden)]
    #[must_use]
    pub const fn no_success_response(self) -> Self {
        Self { success_response: false, ..self }
    }

    /// Has its function take the arguments as they come.
    #[doc(hidden)]
    #[must_use]
    pub const fn raw(self) -> Self {
        Self { raw: true, ..self }
    }

    /// Lets it return what cannot be extended.
    #[doc(hidden)]
    #[must_use]
    pub const fn returns_exception(self) -> Self {
        Self { returns_exception: true, ..self }
    }

    /// Adds the state that its function wants injected.
    #[doc(hidden)]
    #[must_use]
    pub const fn needs(self, needs: &'static [StateRequirement]) -> Self {
        Self { needs, ..self }
    }
}

/// Describes an event.
pub const fn event(arguments: Arguments) -> Event {
    Event { arguments, rate_limit: None }
}

impl Event {
    /// Adds how often it is sent at most.
    #[doc(hidden)]
    #[must_use]
    pub const fn rate_limit(self, milliseconds: u64, key: Option<&'static str>) -> Self {
        Self { rate_limit: Some(RateLimit { milliseconds, key }), ..self }
    }
}
