//! An annotated item as data: its QAPI definition, and the parts of the Rust item that generated
//! code refers to.
//!
//! A field named `word` is the span of the word in the attribute. Where the documentation of a
//! `Vec` says that `check` rejects a second entry, the `Vec` of a checked model has at most one
//! entry.

use proc_macro2::Span;
use syn::{Attribute, Expr, Ident, LitStr, Path, Type, Visibility};

use crate::args::{FeatureWord, Stray};
use crate::docs::Doc;

/// The properties of every definition.
pub(crate) struct Head {
    /// The path of `qapi_core`.
    pub(crate) crate_path: Path,
    /// The annotated item.
    pub(crate) ident: Ident,
    /// The QAPI name.
    pub(crate) name: Name,
    /// The documentation.
    pub(crate) doc: Doc,
    /// The version that added the definition.
    pub(crate) since: Option<LitStr>,
    /// The features.
    pub(crate) features: Vec<FeatureWord>,
    /// How the definition reaches the registry.
    pub(crate) registered: Registered,
}

/// How a definition reaches the registry.
pub(crate) enum Registered {
    /// Through the program's inventory.
    Inventory,
    /// Through the definitions that refer to it.
    Reference,
    /// Through a static of this name, which the program passes to the registry.
    Static(Ident),
}

/// A QAPI name and its origin.
#[derive(Clone)]
pub(crate) struct Name {
    /// The name.
    pub(crate) text: String,
    /// The span of the identifier or string that the name comes from.
    pub(crate) span: Span,
    /// The span of `name_exception`.
    pub(crate) exception: Option<Span>,
}

/// The properties of every part of a definition: a value, a member, an argument or an alternative.
pub(crate) struct Part {
    /// The variant, field or parameter.
    pub(crate) ident: Ident,
    /// The QAPI name.
    pub(crate) name: Name,
    /// The documentation.
    pub(crate) doc: Box<Doc>,
    /// The version that added the part.
    pub(crate) since: Option<LitStr>,
    /// The features.
    pub(crate) features: Vec<FeatureWord>,
    /// The `cfg` attributes.
    pub(crate) cfg: Vec<Attribute>,
}

/// `#[qapi_enum]`
pub(crate) struct Enum {
    pub(crate) head: Head,
    /// The prefix of the values' names in C.
    pub(crate) prefix: Option<LitStr>,
    /// The open enum that the values extend. An enum without `extends` is a definition.
    pub(crate) extends: Option<Path>,
    /// The visibility of the enum, and of generated items.
    pub(crate) visibility: Visibility,
    pub(crate) values: Vec<Part>,
    /// The variant for values of other crates; `check` rejects a second one.
    pub(crate) open: Vec<OpenVariant>,
    /// Words beside `extends` that have no meaning there.
    pub(crate) strays: Vec<Stray>,
}

/// The variant of an open enum that contains a value of another crate.
pub(crate) struct OpenVariant {
    pub(crate) ident: Ident,
    pub(crate) word: Span,
    /// Words beside `open` that have no meaning there.
    pub(crate) strays: Vec<Stray>,
}

/// A member of an object.
pub(crate) struct Member {
    pub(crate) part: Part,
    pub(crate) ty: Type,
    /// The encoding of a type without a single natural one; `check` rejects a second one.
    pub(crate) encodings: Vec<Encoding>,
    /// The value of an absent member. Without one, a member is optional if its type is `Option`.
    pub(crate) default: Option<DefaultValue>,
    /// Whether no log shows the value.
    pub(crate) secret: bool,
}

/// The value of an absent member.
pub(crate) struct DefaultValue {
    pub(crate) word: Span,
    /// The value; `None` for the type's `Default`.
    pub(crate) value: Option<Box<Expr>>,
}

/// The encoding of a value on the wire.
pub(crate) enum Encoding {
    /// A `Duration` as an integer of this unit.
    Unit(LitStr),
    /// Bytes as a base64 string.
    Base64(Span),
}

impl Encoding {
    /// The type in `qapi_core` that implements the encoding; `None` for an unknown unit.
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

/// The field whose type is the base struct.
pub(crate) struct Base {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) word: Span,
    /// Words beside `base` that have no meaning there.
    pub(crate) strays: Vec<Stray>,
}

/// `#[qapi_struct]`
pub(crate) struct Struct {
    pub(crate) head: Head,
    /// Present for a transparent newtype, which has no definition, base or members.
    pub(crate) transparent: Option<Transparent>,
    /// The base; `check` rejects a second one.
    pub(crate) bases: Vec<Base>,
    pub(crate) members: Vec<Member>,
}

/// A newtype that stands for the type of its field.
pub(crate) struct Transparent {
    pub(crate) word: Span,
    /// The field; `check` rejects a second one.
    pub(crate) fields: Vec<OnlyField>,
    /// Words beside `transparent` that have no meaning there.
    pub(crate) strays: Vec<Stray>,
}

/// `#[qapi_union]`
pub(crate) enum Union {
    /// On an enum: the branches, and in a complete union the name of the discriminator.
    Enum(UnionEnum),
    /// On a struct: the common members.
    Struct(UnionStruct),
}

impl Union {
    /// The properties of every definition.
    pub(crate) fn head(&self) -> &Head {
        match self {
            Self::Enum(UnionEnum { head, .. }) | Self::Struct(UnionStruct { head, .. }) => head,
        }
    }
}

/// `#[qapi_union]` on an enum.
pub(crate) struct UnionEnum {
    pub(crate) head: Head,
    /// The name of the discriminator. An enum without this name is not a definition, but the
    /// branches of another union.
    pub(crate) discriminator: Option<Name>,
    /// The enum whose values select the branch.
    pub(crate) tag: Path,
    pub(crate) branches: Vec<Branch>,
    /// Words that have no meaning on the branches of another union.
    pub(crate) strays: Vec<Stray>,
}

/// A branch of a union.
pub(crate) struct Branch {
    /// The variant. The discriminator's enum has a variant of the same name.
    pub(crate) ident: Ident,
    /// The type whose members the branch adds; `None` for a branch without members.
    pub(crate) ty: Option<Type>,
    /// Whether this is the branch for all values of other crates, which the open variant selects.
    pub(crate) open: bool,
    /// The `cfg` attributes.
    pub(crate) cfg: Vec<Attribute>,
}

/// `#[qapi_union]` on a struct.
pub(crate) struct UnionStruct {
    pub(crate) head: Head,
    /// The base; `check` rejects a second one.
    pub(crate) bases: Vec<Base>,
    /// The name of the discriminator, if the base contains it.
    pub(crate) discriminator: Option<LitStr>,
    /// The field with the branches, if the base contains the discriminator; `check` rejects a
    /// second one.
    pub(crate) branches: Vec<BranchesField>,
    /// All other fields in their order.
    pub(crate) fields: Vec<UnionField>,
}

/// The field with the branches of a union whose base contains the discriminator. The field is not
/// a member of the object.
pub(crate) struct BranchesField {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) word: Span,
    /// Words beside `branches` that have no meaning there.
    pub(crate) strays: Vec<Stray>,
}

/// A field of a union that is a struct.
pub(crate) enum UnionField {
    /// A common member.
    Member(Member),
    /// The discriminator. The type of the field is the branches.
    Discriminator { member: Member, word: Span },
}

impl UnionField {
    /// The field as a member.
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
    pub(crate) ty: Type,
}

/// `#[qapi_event]`
pub(crate) struct Event {
    pub(crate) head: Head,
    pub(crate) data: EventData,
    /// The rate limit: one event in each period.
    pub(crate) rate_limit: Option<Period>,
    /// The name of a member. Each value of the member has a rate limit of its own.
    pub(crate) key: Option<LitStr>,
    /// The function that exempts single events from the rate limit.
    pub(crate) exempt: Option<Path>,
}

/// The data of an event.
pub(crate) enum EventData {
    /// The fields as members.
    Members(Vec<Member>),
    /// The members of the field's type.
    Boxed {
        /// The field; `check` rejects a second one.
        fields: Vec<OnlyField>,
        word: Span,
    },
}

/// The only field of a boxed event or a transparent struct.
pub(crate) struct OnlyField {
    /// The name or the index.
    pub(crate) member: syn::Member,
    pub(crate) ty: Type,
}

/// A length of time.
pub(crate) struct Period {
    pub(crate) text: LitStr,
    /// The length; `None` for another text, which `check` rejects.
    pub(crate) milliseconds: Option<u64>,
}

/// `#[qapi_command]`
pub(crate) struct Command {
    pub(crate) head: Head,
    pub(crate) execution: Execution,
    /// The parameters of the function, in their order.
    pub(crate) parameters: Vec<Parameter>,
    /// The return type of the function, if present.
    pub(crate) returns: Option<Type>,
    /// The visibility of the function, and of generated items.
    pub(crate) visibility: Visibility,
    /// The attributes of the function that generated items have too.
    pub(crate) inherited: Vec<Attribute>,
    /// Whether the command has no body, and only declares the struct for clients.
    pub(crate) is_declaration: bool,
    /// The spans of the words, if present.
    pub(crate) client: Option<Span>,
    pub(crate) boxed: Option<Span>,
    pub(crate) blocking: Option<Span>,
    pub(crate) allow_oob: Option<Span>,
    pub(crate) allow_preconfig: Option<Span>,
    pub(crate) no_success_response: Option<Span>,
    pub(crate) returns_exception: Option<Span>,
    pub(crate) cancel_on_disconnect: Option<Span>,
    /// The time within which a call must end. The text may be `none`.
    pub(crate) deadline: Option<Period>,
    /// Present if at least one of the words `gen`, `data` and `returns` is present.
    pub(crate) raw: Option<Raw>,
}

/// The words of a command that reads its arguments itself (`gen = false`).
pub(crate) struct Raw {
    /// The span of `gen`, if present.
    pub(crate) word: Option<Span>,
    /// The declared type of the arguments.
    pub(crate) data: Option<Type>,
    /// The declared returned type, if it differs from the return type of the function.
    pub(crate) returns: Option<Type>,
}

/// How a command's function runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Execution {
    /// On the server's thread, within the dispatch.
    Inline,
    /// On a thread for blocking calls.
    Blocking,
    /// As a future.
    Async,
}

/// A parameter of a command's function.
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    /// The type in the user's function.
    pub(crate) declared: Type,
    pub(crate) role: Role,
    /// Words that have no meaning for the role.
    pub(crate) strays: Vec<Stray>,
}

/// The source of a parameter's value.
pub(crate) enum Role {
    /// The server's state of the type.
    State(Type, Sharing),
    /// The session that executes the command.
    Session(Sharing),
    /// The token by which the function learns that its call is cancelled.
    Cancellation(Sharing),
    /// The request's arguments.
    Argument(Argument),
}

/// How a function takes a value that it shares with other calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// `&T`
    Reference,
    /// `Arc<T>`
    Arc,
}

/// An argument of a command.
pub(crate) struct Argument {
    /// The member. Its type is the decoded type.
    pub(crate) member: Member,
    pub(crate) passing: Passing,
}

/// The expression that passes a decoded argument to the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// The session's file descriptor of that name.
    Fd,
    /// `value`
    Value,
    /// `&value`
    Reference,
    /// `value.as_ref()`, for `Option<&T>`
    OptionalReference,
    /// `value.as_deref()`, for `Option<&str>` and `Option<&[T]>`
    OptionalSlice,
}
