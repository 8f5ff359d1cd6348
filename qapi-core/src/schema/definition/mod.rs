//! Definitions as data: commands, events and types as annotations describe them.
//!
//! The attribute macros turn each annotated item into one `static` [`Definition`]. Its parts are
//! strings, slices and references, so that the compiler builds it whole and a program
//! starts without building anything. A reference to a type ([`TypeRef`]) names a function, so that
//! a type can contain itself.
//!
//! To write a definition by hand, use the `const` constructors: each takes the data that every
//! definition of its kind has, and methods add the optional data.
//!
//! ```
//! use qapi_core::schema::definition::{
//!     Builtin, Definition, DefinitionKind, Member, MemberShape, Part, Source, Struct, Type,
//!     TypeRef,
//! };
//!
//! static LAMP_INFO: Definition = Definition::new(
//!     Part::new("LampInfo", "A lamp.").since("1.0"),
//!     Source { package: "house", module: "house::lamp", file: "lamp.rs", line: 1, column: 1 },
//!     DefinitionKind::Struct(Struct::new(None, &[Member::new(
//!         Part::new("lit", "Whether the lamp is lit."),
//!         MemberShape::mandatory(TypeRef::by_function(|| Type::Builtin(Builtin::Bool))),
//!     )])),
//! );
//! assert_eq!(LAMP_INFO.name, "LampInfo");
//! ```

pub(crate) mod call;
pub(crate) mod enum_;
pub(crate) mod object;
pub(crate) mod reference;
pub(crate) mod type_;

use std::fmt;
use std::ops::Deref;

pub use call::{Arguments, Command, Deadline, Event, RateLimit, StateRequirement};
pub use enum_::{Enum, EnumExtension, EnumValue};
pub use object::{Alternate, AlternateMember, Branch, Member, MemberShape, Struct, Union};
pub use reference::Reference;
pub use type_::{Builtin, JsonKind, Type, TypeRef};

/// The data common to definitions, members, values, alternatives and features: name, documentation,
/// version and features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The QAPI name: `job-pause`, `JOB_STATUS_CHANGE`, `JobInfo`, `auto-dismiss`.
    pub name: &'static str,
    /// The documentation as Markdown; empty if there is none. For a definition it is the doc
    /// comment without the [`sections`](Definition::sections).
    pub doc: &'static str,
    /// The version that introduced the part, as the schema writes it: `"3.0"`. `None` for
    /// a part of a definition that is as old as the definition.
    pub since: Option<&'static str>,
    /// The special features, `deprecated` and `unstable` among them. A feature has none.
    pub features: &'static [Feature],
}

impl Part {
    /// A part without `since` and features.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, since: None, features: &[] }
    }

    /// Sets the version that introduced the part.
    #[must_use]
    pub const fn since(self, since: &'static str) -> Self {
        Self { since: Some(since), ..self }
    }

    /// Sets the special features.
    #[must_use]
    pub const fn features(self, features: &'static [Feature]) -> Self {
        Self { features, ..self }
    }
}

/// A special feature that introspection shows.
///
/// `deprecated` and `unstable` have a fixed meaning (QAPI schema language, "Special features"):
/// the operator's policy can refuse and hide parts with these features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feature {
    /// The name and what the feature means for its owner.
    pub part: Part,
}

impl Feature {
    /// A feature.
    pub const fn new(part: Part) -> Self {
        Self { part }
    }
}

/// One command, event or type of the schema, with the place of its annotation.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Definition {
    /// The name and the documentation.
    pub part: Part,
    /// The sections of the documentation that have a meaning, in their order, each once.
    pub sections: &'static [Section],
    /// The place of the annotation.
    pub source: Source,
    /// The kind, with the data of that kind.
    pub kind: DefinitionKind,
}

/// Implements `Deref` to the [`Part`] of each type, so that code can write `member.name`.
macro_rules! parts {
    ($($owner:ty),*) => {$(
        /// Dereferences to the [`Part`]: the name, the documentation, `since` and the features.
        impl Deref for $owner {
            type Target = Part;

            #[inline]
            fn deref(&self) -> &Part {
                &self.part
            }
        }
    )*};
}

parts!(Definition, Feature, Member, AlternateMember, EnumValue);

impl Definition {
    /// A definition without sections.
    pub const fn new(part: Part, source: Source, kind: DefinitionKind) -> Self {
        Self { part, sections: &[], source, kind }
    }

    /// Sets the sections of the documentation.
    #[must_use]
    pub const fn sections(self, sections: &'static [Section]) -> Self {
        Self { sections, ..self }
    }

    /// The text of the section of a kind, if there is one.
    pub fn section(&self, kind: SectionKind) -> Option<&'static str> {
        self.sections.iter().find(|section| section.kind == kind).map(|section| section.doc)
    }

    /// The arguments of a command or the data of an event; `None` for a type.
    pub fn arguments(&self) -> Option<&Arguments> {
        match &self.kind {
            DefinitionKind::Command(command) => Some(&command.arguments),
            DefinitionKind::Event(event) => Some(&event.arguments),
            DefinitionKind::Enum(_)
            | DefinitionKind::Struct(_)
            | DefinitionKind::Union(_)
            | DefinitionKind::Alternate(_) => None,
        }
    }

    /// Whether the definition is a command that takes arguments, or an event that carries data.
    pub fn has_arguments(&self) -> bool {
        self.arguments().is_some_and(|arguments| match arguments {
            Arguments::Members(members) => !members.is_empty(),
            Arguments::Type(_) => true,
        })
    }
}

/// The place of an annotation in the program's sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The package that defines it.
    pub package: &'static str,
    /// The module path.
    pub module: &'static str,
    /// The source file, as the compiler was given it.
    pub file: &'static str,
    /// The line of the annotation.
    pub line: u32,
    /// The column of the annotation.
    pub column: u32,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{} (package {})", self.file, self.line, self.column, self.package)
    }
}

/// The six kinds of definition that QAPI's schema language has.
#[derive(Debug, Clone, Copy)]
pub enum DefinitionKind {
    /// `#[qapi_enum]`
    Enum(Enum),
    /// `#[qapi_struct]`
    Struct(Struct),
    /// `#[qapi_union]`
    Union(Union),
    /// `#[qapi_alternate]`
    Alternate(Alternate),
    /// `#[qapi_command]`
    Command(Command),
    /// `#[qapi_event]`
    Event(Event),
}

/// A section of a definition's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The subject.
    pub kind: SectionKind,
    /// The text, Markdown; never empty where an annotation made it.
    pub doc: &'static str,
}

impl Section {
    /// A section.
    pub const fn new(kind: SectionKind, doc: &'static str) -> Self {
        Self { kind, doc }
    }
}

/// The sections of documentation that have a meaning.
///
/// In a doc comment a section is the text between a heading of its name and the next heading.
/// Other headings belong to the text around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SectionKind {
    /// `# Returns`: the meaning of a command's return value.
    Returns,
    /// `# Errors`: the conditions under which a command fails.
    Errors,
    /// `# Examples`: how the definition is used.
    Examples,
}
