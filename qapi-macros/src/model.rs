//! What an annotated item says: the definition that it makes, and what generated code must know
//! of the Rust item.

use proc_macro2::Span;
use syn::{Attribute, Expr, Ident, LitStr, Path, Type, Visibility};

use crate::args::{FeatureWord, Stray};
use crate::docs::Doc;

/// What every definition has.
pub(crate) struct Head {
    /// The path of `qapi_core`.
    pub(crate) crate_path: Path,
    /// The annotated item.
    pub(crate) ident: Ident,
    /// Its QAPI name.
    pub(crate) name: Name,
    /// Its documentation.
    pub(crate) doc: Doc,
    /// The version it appeared in.
    pub(crate) since: Option<LitStr>,
    /// Its special features.
    pub(crate) features: Vec<FeatureWord>,
}

/// A QAPI name and where it comes from.
#[derive(Clone)]
pub(crate) struct Name {
    /// The name.
    pub(crate) text: String,
    /// The identifier or string that it was taken from.
    pub(crate) span: Span,
    /// Where the word stands that exempts it from the convention of its kind.
    pub(crate) exception: Option<Span>,
}

/// What stands beside each part of a definition: a value, a member, an argument.
pub(crate) struct Part {
    /// The variant, field or parameter.
    pub(crate) ident: Ident,
    /// Its QAPI name.
    pub(crate) name: Name,
    /// Its documentation.
    pub(crate) doc: Box<Doc>,
    /// The version it appeared in.
    pub(crate) since: Option<LitStr>,
    /// Its special features.
    pub(crate) features: Vec<FeatureWord>,
    /// The conditions under which it exists.
    pub(crate) cfg: Vec<Attribute>,
}

/// `#[qapi_enum]`
pub(crate) struct Enum {
    pub(crate) head: Head,
    /// What the names of its values begin with in C.
    pub(crate) prefix: Option<LitStr>,
    /// The open enum that the values are added to. Without it the enum is a definition.
    pub(crate) extends: Option<Path>,
    /// Who may use what is added to the enum.
    pub(crate) visibility: Visibility,
    pub(crate) values: Vec<Part>,
    /// The variant for values of other crates; checking refuses a second one.
    pub(crate) open: Vec<OpenVariant>,
    /// Words that do not go with values added to another enum.
    pub(crate) strays: Vec<Stray>,
}

/// The variant of an open enum that values of other crates have.
pub(crate) struct OpenVariant {
    pub(crate) ident: Ident,
    /// Where the word stands.
    pub(crate) word: Span,
    /// Words that stand beside it and should not.
    pub(crate) strays: Vec<Stray>,
}

/// A member of an object.
pub(crate) struct Member {
    pub(crate) part: Part,
    pub(crate) ty: Type,
    /// In which way it is told, if it has several; checking refuses a second one.
    pub(crate) representations: Vec<Representation>,
    /// What it is where it is absent; without one it is as optional as its type says.
    pub(crate) default: Option<DefaultValue>,
}

/// What an absent member stands for.
pub(crate) struct DefaultValue {
    /// Where the word stands.
    pub(crate) word: Span,
    /// The value; without one it is that of the type.
    pub(crate) value: Option<Box<Expr>>,
}

/// A way to tell a value that has several.
pub(crate) enum Representation {
    /// A length of time as a number of units.
    Unit(LitStr),
    /// Bytes as a string.
    Base64(Span),
}

impl Representation {
    /// The name of the type in `qapi_core` that reads and writes so; none for a unit that there is
    /// not.
    pub(crate) fn type_name(&self) -> Option<&'static str> {
        match self {
            Self::Base64(_) => Some("Base64"),
            Self::Unit(unit) => match unit.value().as_str() {
                "s" => Some("Seconds"),
                "ms" => Some("Milliseconds"),
                "us" => Some("Microseconds"),
                "ns" => Some("Nanoseconds"),
                _ => None,
            },
        }
    }
}

/// The field that holds the base struct.
pub(crate) struct Base {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Where the word stands.
    pub(crate) word: Span,
    /// Words that stand beside it and should not.
    pub(crate) strays: Vec<Stray>,
}

/// `#[qapi_struct]`
pub(crate) struct Struct {
    pub(crate) head: Head,
    /// What there is to say of a struct that stands for the type of its field and is no
    /// definition.
    pub(crate) transparent: Option<Transparent>,
    /// The base; checking refuses a second one.
    pub(crate) bases: Vec<Base>,
    pub(crate) members: Vec<Member>,
}

/// A struct that stands for the type of its field.
pub(crate) struct Transparent {
    /// Where the word stands.
    pub(crate) word: Span,
    /// The field; checking refuses a second one.
    pub(crate) fields: Vec<OnlyField>,
    /// Words that stand beside it and should not.
    pub(crate) strays: Vec<Stray>,
}

/// `#[qapi_union]`
pub(crate) enum Union {
    /// On an enum: the branches, and perhaps the discriminator.
    Enum(UnionEnum),
    /// On a struct: the members that all branches have.
    Struct(UnionStruct),
}

impl Union {
    /// What every definition has.
    pub(crate) fn head(&self) -> &Head {
        match self {
            Self::Enum(UnionEnum { head, .. }) | Self::Struct(UnionStruct { head, .. }) => head,
        }
    }
}

/// `#[qapi_union]` on an enum.
pub(crate) struct UnionEnum {
    pub(crate) head: Head,
    /// The name of the discriminator. Without it the enum is the branches of another union, and
    /// no definition of its own.
    pub(crate) discriminator: Option<Name>,
    /// The enum whose values select the branch.
    pub(crate) tag: Path,
    pub(crate) branches: Vec<Branch>,
    /// Words that do not go with branches alone.
    pub(crate) strays: Vec<Stray>,
}

/// A branch of a union.
pub(crate) struct Branch {
    /// The variant, named as that of the discriminator's enum.
    pub(crate) ident: Ident,
    /// The type with the branch's members; a branch may have none.
    pub(crate) ty: Option<Type>,
    /// Whether it stands for all values of other crates.
    pub(crate) open: bool,
    /// The conditions under which it exists.
    pub(crate) cfg: Vec<Attribute>,
}

/// `#[qapi_union]` on a struct.
pub(crate) struct UnionStruct {
    pub(crate) head: Head,
    /// The base; checking refuses a second one.
    pub(crate) bases: Vec<Base>,
    /// The name of the discriminator, where the base has it.
    pub(crate) discriminator: Option<LitStr>,
    /// The field with the branches, where the base has the discriminator; checking refuses a
    /// second one.
    pub(crate) branches: Vec<BranchesField>,
    /// All other fields in their order.
    pub(crate) fields: Vec<UnionField>,
}

/// The field that holds the branches and is no member itself.
pub(crate) struct BranchesField {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Where the word stands.
    pub(crate) word: Span,
    /// Words that stand beside it and should not.
    pub(crate) strays: Vec<Stray>,
}

/// A field of a union that is a struct.
pub(crate) enum UnionField {
    /// A member that all branches have.
    Member(Member),
    /// The discriminator; the field's type is the branches.
    Discriminator {
        member: Member,
        /// Where the word stands.
        word: Span,
    },
}

impl UnionField {
    /// The field as a member, whichever it is.
    pub(crate) fn member(&self) -> &Member {
        match self {
            Self::Member(member) | Self::Discriminator { member, .. } => member,
        }
    }
}

/// `#[qapi_alternate]`
pub(crate) struct Alternate {
    pub(crate) head: Head,
    pub(crate) alternatives: Vec<Alternative>,
}

/// An alternative of an alternate.
pub(crate) struct Alternative {
    pub(crate) part: Part,
    /// Its type; checking refuses one without.
    pub(crate) ty: Type,
}

/// `#[qapi_event]`
pub(crate) struct Event {
    pub(crate) head: Head,
    pub(crate) data: EventData,
    pub(crate) rate_limit: Option<RateLimit>,
    /// The name of the member each of whose values has a rate limit of its own.
    pub(crate) key: Option<LitStr>,
}

/// What an event carries.
pub(crate) enum EventData {
    /// The fields.
    Members(Vec<Member>),
    /// The members of a type.
    Boxed {
        /// The one field of that type; checking refuses others.
        fields: Vec<OnlyField>,
        /// Where the word stands.
        word: Span,
    },
}

/// The only field of an event or struct.
pub(crate) struct OnlyField {
    /// Its name or number.
    pub(crate) member: syn::Member,
    pub(crate) ty: Type,
}

/// How often an event is sent at most.
pub(crate) struct RateLimit {
    /// As it was written.
    pub(crate) text: LitStr,
    /// The period; checking refuses a text that is none.
    pub(crate) milliseconds: Option<u64>,
}

/// `#[qapi_command]`
pub(crate) struct Command {
    pub(crate) head: Head,
    pub(crate) execution: Execution,
    /// The parameters of the function, in their order.
    pub(crate) parameters: Vec<Parameter>,
    /// The type that the function returns, if it says one.
    pub(crate) returns: Option<Type>,
    /// Who may call the function, and thus use what is added beside it.
    pub(crate) visibility: Visibility,
    /// Where the word stands, if it was given; likewise the others.
    pub(crate) client: Option<Span>,
    pub(crate) boxed: Option<Span>,
    pub(crate) raw: Option<Raw>,
    pub(crate) blocking: Option<Span>,
    pub(crate) allow_oob: Option<Span>,
    pub(crate) allow_preconfig: Option<Span>,
    pub(crate) no_success_response: Option<Span>,
    pub(crate) returns_exception: Option<Span>,
}

/// What is said of a command that takes its arguments as they come (`gen` is false).
pub(crate) struct Raw {
    /// Where the word stands, if it was given.
    pub(crate) word: Option<Span>,
    /// What clients are told that it takes.
    pub(crate) data: Option<Type>,
    /// What clients are told that it returns, where that is not what the function returns.
    pub(crate) returns: Option<Type>,
}

/// How a command's function runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Execution {
    /// At once.
    Inline,
    /// On a thread where blocking is allowed.
    Blocking,
    /// Awaited.
    Async,
}

/// A parameter of a command's function.
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    /// The type as it was written.
    pub(crate) written: Type,
    pub(crate) role: Role,
    /// Words that do not go with the role.
    pub(crate) strays: Vec<Stray>,
}

/// Where a parameter's value comes from.
pub(crate) enum Role {
    /// The server's state of the type.
    State(Type, Sharing),
    /// The session that the call came from.
    Session(Sharing),
    /// The message.
    Argument(Argument),
}

/// How a function takes what outlives the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// `&T`
    Reference,
    /// `Arc<T>`
    Arc,
}

/// An argument of a command.
pub(crate) struct Argument {
    /// The member; its type is the one that is read from the message.
    pub(crate) member: Member,
    pub(crate) passing: Passing,
}

/// How an argument reaches the function once it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// What the session keeps under that name.
    Fd,
    /// As it is.
    Value,
    /// `&value`
    Reference,
    /// `value.as_ref()`, for `Option<&T>`
    OptionalReference,
    /// `value.as_deref()`, for `Option<&str>` and `Option<&[T]>`
    OptionalSlice,
}
