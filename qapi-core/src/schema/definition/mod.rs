//! Definitions as data: what an annotation leaves behind for the registry to find.
//!
//! The attribute macros turn each annotated item into one `static` [`Definition`] and submit it
//! to the `inventory` of the program at link time. Everything here can be built in a `static`:
//! strings, slices and function pointers. Types are named by function ([`TypeRef`]) and not by
//! reference, so that types which contain themselves need no special care.

pub(crate) mod builder;
pub(crate) mod doc;
pub(crate) mod enum_;
pub(crate) mod type_;

use std::any::TypeId;

pub use doc::{Section, SectionKind};
pub use enum_::{AddedValues, Enum, EnumValue};
pub use type_::{Builtin, JsonKind, Type, TypeRef};

/// One command, event or type of the schema, with the place where it was annotated.
#[derive(Debug)]
pub struct Definition {
    /// Its QAPI name: `job-pause`, `JOB_STATUS_CHANGE`, `JobInfo`.
    pub name: &'static str,
    /// What it is: the doc comment without its [`sections`](Self::sections), Markdown.
    pub doc: &'static str,
    /// The sections of the doc comment that have a meaning, in their order, each once.
    pub sections: &'static [Section],
    /// The version it appeared in, as the schema writes it: `"3.0"`.
    pub since: Option<&'static str>,
    /// Its special features, `deprecated` and `unstable` among them.
    pub features: &'static [Feature],
    /// Where it was annotated.
    pub source: Source,
    /// What kind of definition it is, with the data of that kind.
    pub kind: DefinitionKind,
}

/// Where in the program's sources a definition stands.
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

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{} (package {})", self.file, self.line, self.column, self.package)
    }
}

/// The six kinds of definition that QAPI's schema language has.
#[derive(Debug)]
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

/// A special feature that introspection shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its name; `deprecated` and `unstable` have a fixed meaning.
    pub name: &'static str,
    /// What it means here.
    pub doc: &'static str,
    /// The version it appeared in, where that is later than what has it.
    pub since: Option<&'static str>,
}

/// A struct: an object with fixed members.
#[derive(Debug)]
pub struct Struct {
    /// The struct whose members come first, if it has a base.
    pub base: Option<TypeRef>,
    /// Its own members, in the order of their declaration.
    pub members: &'static [Member],
}

/// A union: an object whose further members depend on the value of one of them.
#[derive(Debug)]
pub struct Union {
    /// The struct whose members come first, if it has a base by name.
    pub base: Option<TypeRef>,
    /// The members that every branch has, the discriminator among them unless the base has it.
    pub members: &'static [Member],
    /// The name of the member that selects the branch.
    pub discriminator: &'static str,
    /// The enumeration that the Rust type of the branches is made for; `None` in a definition that
    /// has no such type.
    pub tag: Option<TypeRef>,
    /// The branches; a value of the discriminator that has none adds no members.
    pub branches: fn() -> &'static [Branch],
}

/// The members that one value of the discriminator adds to a union.
#[derive(Debug)]
pub struct Branch {
    /// The value of the discriminator.
    pub name: &'static str,
    /// The struct or union with the members; `None` where the value adds none.
    pub ty: Option<TypeRef>,
}

/// An alternate: a value that may be of one of several JSON types.
#[derive(Debug)]
pub struct Alternate {
    /// The alternatives. Their names occur in no message.
    pub members: &'static [AlternateMember],
}

/// One alternative of an alternate.
#[derive(Debug)]
pub struct AlternateMember {
    /// Its name in the schema.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// The version it appeared in, where that is later than its alternate.
    pub since: Option<&'static str>,
    /// Its type.
    pub ty: TypeRef,
}

/// A member of an object, or an argument of a command or event.
#[derive(Debug)]
pub struct Member {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// The version it appeared in, where that is later than its owner.
    pub since: Option<&'static str>,
    /// Whether it may be absent.
    pub optional: bool,
    /// Its type.
    pub ty: TypeRef,
    /// Its special features.
    pub features: &'static [Feature],
}

/// A command: its arguments and what it returns.
#[derive(Debug)]
pub struct Command {
    /// What it takes.
    pub arguments: Arguments,
    /// What it returns; the function yields `None` for a command that returns nothing.
    pub returns: fn() -> Option<Type>,
    /// Whether it may be executed out of band.
    pub allow_oob: bool,
    /// Whether it may be executed before the machine is configured.
    pub allow_preconfig: bool,
    /// Whether success is answered; a command such as the guest agent's shutdown stays silent.
    pub success_response: bool,
    /// Whether its function takes the arguments as they come, unchecked: `gen` is false.
    pub raw: bool,
    /// Whether it may return something else than an object or a list of objects.
    pub returns_exception: bool,
    /// The state that its function wants injected.
    pub needs: &'static [StateRequirement],
}

/// An event that the program may emit.
#[derive(Debug)]
pub struct Event {
    /// The data that it carries.
    pub arguments: Arguments,
    /// How often it is sent at most, if that is limited.
    pub rate_limit: Option<RateLimit>,
}

/// How often an event is sent at most (QEMU's `monitor_qapi_event_conf`).
///
/// The first one is sent at once. Of those that are emitted within a period after one was sent,
/// the last is held, and sent when the period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The period.
    pub milliseconds: u64,
    /// The member each of whose values has a period of its own; without one, all events of the
    /// definition share theirs.
    pub key: Option<&'static str>,
}

/// What a command takes, or an event carries.
#[derive(Debug)]
pub enum Arguments {
    /// Members listed with the command or event itself; none where the list is empty.
    Members(&'static [Member]),
    /// The members of a struct or union, by name.
    Type(TypeRef),
}

/// One piece of state that a command's function wants injected.
#[derive(Debug)]
pub struct StateRequirement {
    /// The name of the Rust type, for messages.
    pub type_name: fn() -> &'static str,
    /// The identity of the Rust type, for look-up.
    pub type_id: fn() -> TypeId,
}

impl Definition {
    /// Whether it is an event that carries data, or a command that takes arguments.
    pub fn has_arguments(&self) -> bool {
        let arguments = match &self.kind {
            DefinitionKind::Command(command) => &command.arguments,
            DefinitionKind::Event(event) => &event.arguments,
            DefinitionKind::Enum(_)
            | DefinitionKind::Struct(_)
            | DefinitionKind::Union(_)
            | DefinitionKind::Alternate(_) => return false,
        };
        match arguments {
            Arguments::Members(members) => !members.is_empty(),
            Arguments::Type(_) => true,
        }
    }
}
