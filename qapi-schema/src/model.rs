//! Definitions of schema files, checked one by one.

use crate::doc::Doc;
use crate::source::Span;

/// A command, event or type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// The name.
    pub name: Name,
    /// The place of the whole expression.
    pub span: Span,
    /// The documentation, if there is any.
    pub doc: Option<Doc>,
    /// The condition under which the definition exists.
    pub condition: Option<Condition>,
    /// The special features.
    pub features: Vec<Feature>,
    /// The kind, with the data of that kind.
    pub kind: Kind,
}

impl Definition {
    /// The parts that documentation describes, each with its role: values, alternatives, and the
    /// members that the definition lists itself.
    pub fn described_parts(&self) -> Vec<(&'static str, &Name)> {
        match &self.kind {
            Kind::Enum { values, .. } => {
                values.iter().map(|value| ("value", &value.name)).collect()
            }
            Kind::Alternate { alternatives } => {
                alternatives.iter().map(|found| ("alternative", &found.name)).collect()
            }
            Kind::Struct { .. } | Kind::Union { .. } | Kind::Command(_) | Kind::Event { .. } => {
                self.listed_members().iter().map(|member| ("member", &member.name)).collect()
            }
        }
    }

    /// The features of the definition, then those of its values and of the members that it lists
    /// itself, each list with the role and name of the part. Documentation describes all of them.
    pub fn features_by_part(&self) -> Vec<(&'static str, &Name, &[Feature])> {
        let mut parts = vec![(self.kind.as_str(), &self.name, self.features.as_slice())];
        if let Kind::Enum { values, .. } = &self.kind {
            for value in values {
                parts.push(("value", &value.name, value.features.as_slice()));
            }
        }
        for member in self.listed_members() {
            parts.push(("member", &member.name, member.features.as_slice()));
        }
        parts
    }

    /// The members that the definition lists itself, without those of its base.
    pub fn listed_members(&self) -> &[Member] {
        match &self.kind {
            Kind::Struct { members, .. } => members,
            Kind::Union { base, .. } => base.listed(),
            Kind::Command(command) => command.data.listed(),
            Kind::Event { data } => data.listed(),
            Kind::Enum { .. } | Kind::Alternate { .. } => &[],
        }
    }
}

/// A name and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// The place.
    pub span: Span,
}

/// The six kinds of definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An enumeration.
    Enum {
        /// The prefix of the values' names in generated C.
        prefix: Option<String>,
        /// The values.
        values: Vec<EnumValue>,
    },
    /// A struct.
    Struct {
        /// The struct whose members come first.
        base: Option<TypeName>,
        /// The members.
        members: Vec<Member>,
    },
    /// A union.
    Union {
        /// The members that all branches share.
        base: Members,
        /// The member that selects the branch.
        discriminator: Name,
        /// The branches.
        branches: Vec<Branch>,
    },
    /// An alternate.
    Alternate {
        /// The alternatives.
        alternatives: Vec<Branch>,
    },
    /// A command.
    Command(Command),
    /// An event.
    Event {
        /// The data.
        data: Arguments,
    },
}

impl Kind {
    /// The word of the schema language.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Enum { .. } => "enum",
            Self::Struct { .. } => "struct",
            Self::Union { .. } => "union",
            Self::Alternate { .. } => "alternate",
            Self::Command(_) => "command",
            Self::Event { .. } => "event",
        }
    }
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// The arguments.
    pub data: Arguments,
    /// The return type.
    pub returns: Option<TypeName>,
    /// Whether code checks the arguments (`gen`).
    pub r#gen: bool,
    /// Whether success has a reply (`success-response`).
    pub success_response: bool,
    /// Whether it may be executed out of band (`allow-oob`).
    pub allow_oob: bool,
    /// Whether it may be executed before the machine is configured (`allow-preconfig`).
    pub allow_preconfig: bool,
    /// Whether it runs in a coroutine (`coroutine`).
    pub coroutine: bool,
    /// Whether a pragma allows a return type that is no object.
    pub returns_exception: bool,
}

/// The arguments of a command, or the data of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The members; `None` if there is no key `data`.
    pub members: Option<Members>,
    /// Whether generated code passes them as one value (`boxed`).
    pub boxed: bool,
}

impl Arguments {
    /// The listed members; none if a type has them.
    pub fn listed(&self) -> &[Member] {
        self.members.as_ref().map_or(&[], Members::listed)
    }
}

/// Members by name of a type, or listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// The members of a type.
    Of(TypeName),
    /// A list.
    Listed(Vec<Member>),
}

impl Members {
    /// The listed members; none if a type has them.
    pub fn listed(&self) -> &[Member] {
        match self {
            Self::Of(_) => &[],
            Self::Listed(members) => members,
        }
    }
}

/// The name of a type, or of the elements of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// The name, without brackets.
    pub name: String,
    /// Whether it is an array.
    pub is_array: bool,
    /// The place.
    pub span: Span,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The name, without the mark of an optional member.
    pub name: Name,
    /// Whether the member may be absent.
    pub optional: bool,
    /// The type.
    pub ty: TypeName,
    /// The condition under which the member exists.
    pub condition: Option<Condition>,
    /// The special features.
    pub features: Vec<Feature>,
}

/// A branch of a union, or an alternative of an alternate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Branch {
    /// The name.
    pub name: Name,
    /// The type.
    pub ty: TypeName,
    /// The condition under which it exists.
    pub condition: Option<Condition>,
}

/// A value of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnumValue {
    /// The name.
    pub name: Name,
    /// The condition under which the value exists.
    pub condition: Option<Condition>,
    /// The special features.
    pub features: Vec<Feature>,
}

/// A special feature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feature {
    /// The name.
    pub name: Name,
    /// The condition under which the feature exists.
    pub condition: Option<Condition>,
}

/// A condition on the configuration of a build (`if`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A symbol is defined.
    Symbol(String),
    /// All conditions hold.
    All(Vec<Self>),
    /// One of the conditions holds.
    Any(Vec<Self>),
    /// The condition does not hold.
    Not(Box<Self>),
}
