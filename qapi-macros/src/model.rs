//! What an annotated item says: the definition that it makes, and what generated code must know
//! of the Rust item.

use proc_macro2::Span;
use syn::{Attribute, Ident, LitStr, Path, Type, Visibility};

use crate::args::{FeatureWord, Stray};
use crate::docs::Doc;

/// What every definition has.
#[derive(Debug)]
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
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// The name.
    pub(crate) text: String,
    /// The identifier or string that it was taken from.
    pub(crate) span: Span,
    /// Where the word stands that exempts it from the convention of its kind.
    pub(crate) exception: Option<Span>,
}

/// What stands beside each part of a definition: a value, a member, an argument.
#[derive(Debug)]
pub(crate) struct Part {
    /// The variant, field or parameter.
    pub(crate) ident: Ident,
    /// Its QAPI name.
    pub(crate) name: Name,
    /// Its documentation.
    pub(crate) doc: String,
    /// The version it appeared in.
    pub(crate) since: Option<LitStr>,
    /// Its special features.
    pub(crate) features: Vec<FeatureWord>,
    /// The conditions under which it exists.
    pub(crate) cfg: Vec<Attribute>,
}

/// `#[qapi_enum]`
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) head: Head,
    /// Who may use what is added to the enum.
    pub(crate) visibility: Visibility,
    pub(crate) values: Vec<Part>,
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) part: Part,
    pub(crate) ty: Type,
}

/// The field that holds the base struct.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Where the word stands.
    pub(crate) word: Span,
    /// Words that stand beside it and should not.
    pub(crate) strays: Vec<Stray>,
}

/// `#[qapi_struct]`
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) head: Head,
    /// The base; checking refuses a second one.
    pub(crate) bases: Vec<Base>,
    pub(crate) members: Vec<Member>,
}

/// `#[qapi_event]`
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) head: Head,
    pub(crate) members: Vec<Member>,
}

/// `#[qapi_command]`
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) head: Head,
    pub(crate) execution: Execution,
    /// The parameters of the function, in their order.
    pub(crate) parameters: Vec<Parameter>,
    /// The type that the function returns, if it says one.
    pub(crate) returns: Option<Type>,
    /// Where the word stands, if it was given; likewise the others.
    pub(crate) boxed: Option<Span>,
    pub(crate) blocking: Option<Span>,
    pub(crate) allow_oob: Option<Span>,
    pub(crate) allow_preconfig: Option<Span>,
    pub(crate) no_success_response: Option<Span>,
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
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    /// The type as it was written.
    pub(crate) written: Type,
    pub(crate) role: Role,
    /// Words that do not go with the role.
    pub(crate) strays: Vec<Stray>,
}

/// Where a parameter's value comes from.
#[derive(Debug)]
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
#[derive(Debug)]
pub(crate) struct Argument {
    /// The member; its type is the one that is read from the message.
    pub(crate) member: Member,
    pub(crate) passing: Passing,
}

/// How an argument reaches the function once it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// As it is.
    Value,
    /// `&value`
    Reference,
    /// `value.as_ref()`, for `Option<&T>`
    OptionalReference,
    /// `value.as_deref()`, for `Option<&str>` and `Option<&[T]>`
    OptionalSlice,
}
