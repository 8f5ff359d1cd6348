//! The words that our attributes take: one list, and which of them are legal where.

/// What follows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing.
    Flag,
    /// `= "text"`
    Text,
    /// `= a::path`
    Path,
    /// `= Any<Type>`
    Type,
    /// `= false`
    False,
    /// Nothing, or `= expression`
    Default,
    /// `(name, name(since = "2.12") = "documentation", …)`
    Features,
}

/// A word that an attribute takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    /// As it is written.
    pub(crate) name: &'static str,
    /// What follows it.
    pub(crate) shape: Shape,
    /// How it is used, for messages.
    pub(crate) usage: &'static str,
}

const fn word(name: &'static str, shape: Shape, usage: &'static str) -> Word {
    Word { name, shape, usage }
}

pub(crate) const ALLOW_OOB: Word = word("allow_oob", Shape::Flag, "allow_oob");
pub(crate) const ALLOW_PRECONFIG: Word = word("allow_preconfig", Shape::Flag, "allow_preconfig");
/// Bytes as a string.
pub(crate) const BASE64: Word = word("base64", Shape::Flag, "base64");
pub(crate) const BASE: Word = word("base", Shape::Flag, "base");
pub(crate) const BLOCKING: Word = word("blocking", Shape::Flag, "blocking");
pub(crate) const BOXED: Word = word("boxed", Shape::Flag, "boxed");
/// The field with the branches of a union whose discriminator the base has.
pub(crate) const BRANCHES: Word = word("branches", Shape::Flag, "branches");
pub(crate) const CLIENT: Word = word("client", Shape::Flag, "client");
pub(crate) const CRATE: Word = word("crate", Shape::Path, "crate = path::of::qapi_core");
/// What an absent member or argument stands for.
pub(crate) const DEFAULT: Word = word("default", Shape::Default, "default = value");
/// What a command that takes its arguments as they come tells clients that it takes.
pub(crate) const DATA: Word = word("data", Shape::Type, "data = TheArguments");
pub(crate) const DISCRIMINATOR_NAME: Word =
    word("discriminator", Shape::Text, "discriminator = \"member-name\"");
pub(crate) const DISCRIMINATOR: Word = word("discriminator", Shape::Flag, "discriminator");
/// A file descriptor that the client gives by name.
pub(crate) const FD: Word = word("fd", Shape::Flag, "fd");
/// The open enumeration that values are added to.
pub(crate) const EXTENDS: Word = word("extends", Shape::Path, "extends = TheOpenEnum");
pub(crate) const FEATURES: Word =
    word("features", Shape::Features, "features(deprecated, other = \"what it means\")");
pub(crate) const GEN: Word = word("gen", Shape::False, "gen = false");
pub(crate) const KEY: Word = word("key", Shape::Text, "key = \"member-name\"");
pub(crate) const NAME: Word = word("name", Shape::Text, "name = \"qapi-name\"");
pub(crate) const NAME_EXCEPTION: Word = word("name_exception", Shape::Flag, "name_exception");
/// The variant for what other crates add.
pub(crate) const OPEN: Word = word("open", Shape::Flag, "open");
pub(crate) const PREFIX: Word = word("prefix", Shape::Text, "prefix = \"UPPER_CASE\"");
pub(crate) const RATE_LIMIT: Word = word("rate_limit", Shape::Text, "rate_limit = \"1s\"");
/// What a command that takes its arguments as they come tells clients that it returns.
pub(crate) const RETURNS: Word = word("returns", Shape::Type, "returns = TheType");
/// A command returns what cannot be extended.
pub(crate) const RETURNS_EXCEPTION: Word =
    word("returns_exception", Shape::Flag, "returns_exception");
pub(crate) const SESSION: Word = word("session", Shape::Flag, "session");
pub(crate) const SINCE: Word = word("since", Shape::Text, "since = \"2.12\"");
pub(crate) const STATE: Word = word("state", Shape::Flag, "state");
pub(crate) const SUCCESS_RESPONSE: Word =
    word("success_response", Shape::False, "success_response = false");
pub(crate) const TAG: Word = word("tag", Shape::Path, "tag = TheEnum");

/// Words that readers bring along from the schema language and from serde, and how the same is
/// said here.
pub(crate) const SAID_OTHERWISE: &[(&str, &str)] = &[
    ("alternate", "it is named as the item, or by `name = \"Name\"`"),
    ("command", "it is named as the function, or by `name = \"name\"`"),
    ("enum", "it is named as the item, or by `name = \"Name\"`"),
    ("event", "it is named as the item, or by `name = \"NAME\"`"),
    ("struct", "it is named as the item, or by `name = \"Name\"`"),
    ("union", "it is named as the item, or by `name = \"Name\"`"),
    ("async", "write `async fn`"),
    ("coroutine", "write `async fn`"),
    ("base", "a struct or union marks its first field with `#[qapi(base)]`"),
    ("data", "the fields, variants or parameters say it"),
    ("default", "a member or argument has one; mark that with `#[qapi(default = value)]`"),
    ("deprecated", "write `features(deprecated)`"),
    ("unstable", "write `features(unstable)`"),
    ("discriminator", "mark the field with the branches with `#[qapi(discriminator)]`"),
    ("doc", "write a doc comment"),
    ("flatten", "write `base`, if it is the first field"),
    ("if", "write `#[cfg(…)]` beside it"),
    ("optional", "make the type an `Option`"),
    ("rename", "write `name = \"qapi-name\"`"),
    (
        "rename_all",
        "names follow QAPI's conventions; write `name = \"qapi-name\"` where one does not",
    ),
    ("returns", "the type that the function returns says it"),
    ("skip", "every field is a member, so keep elsewhere what is not for clients"),
    ("tag", "the enum with the branches has it"),
    ("type", "the type of the field says it"),
];
pub(crate) const TRANSPARENT: Word = word("transparent", Shape::Flag, "transparent");
/// What a number counts that stands for a length of time.
pub(crate) const UNIT: Word = word("unit", Shape::Text, "unit = \"ms\"");

/// Those of `#[qapi_struct]`.
pub(crate) const STRUCT_WORDS: &[Word] = &[NAME, SINCE, FEATURES, TRANSPARENT, CRATE];

/// Those of `#[qapi_struct]` on a struct that stands for the type of its field.
pub(crate) const TRANSPARENT_WORDS: &[Word] = &[TRANSPARENT, CRATE];

/// Those of `#[qapi_alternate]`.
pub(crate) const DEFINITION_WORDS: &[Word] = &[NAME, SINCE, FEATURES, CRATE];

/// Those of `#[qapi_enum]`.
pub(crate) const ENUM_WORDS: &[Word] = &[NAME, SINCE, FEATURES, PREFIX, EXTENDS, CRATE];

/// Those of `#[qapi_enum]` on an enum whose values are added to another.
pub(crate) const EXTENSION_WORDS: &[Word] = &[EXTENDS, CRATE];

/// Those of `#[qapi_event]`.
pub(crate) const EVENT_WORDS: &[Word] = &[NAME, SINCE, FEATURES, BOXED, RATE_LIMIT, KEY, CRATE];

/// Those of `#[qapi_command]`.
pub(crate) const COMMAND_WORDS: &[Word] = &[
    NAME,
    NAME_EXCEPTION,
    SINCE,
    FEATURES,
    ALLOW_OOB,
    ALLOW_PRECONFIG,
    BLOCKING,
    BOXED,
    GEN,
    DATA,
    RETURNS,
    RETURNS_EXCEPTION,
    SUCCESS_RESPONSE,
    CLIENT,
    CRATE,
];

/// Those of `#[qapi_union]` on an enum that is only the branches of another union.
pub(crate) const BRANCHES_WORDS: &[Word] = &[TAG, CRATE];

/// Those of `#[qapi_union]` on an enum.
pub(crate) const UNION_ENUM_WORDS: &[Word] =
    &[DISCRIMINATOR_NAME, NAME_EXCEPTION, TAG, NAME, SINCE, FEATURES, CRATE];

/// Those of `#[qapi_union]` on a struct.
pub(crate) const UNION_STRUCT_WORDS: &[Word] =
    &[DISCRIMINATOR_NAME, NAME, SINCE, FEATURES, CRATE];

/// Those of `#[qapi]` on a value of an enumeration.
pub(crate) const VALUE_WORDS: &[Word] = &[NAME, NAME_EXCEPTION, SINCE, FEATURES, OPEN];

/// Those of `#[qapi]` on a branch of a union.
pub(crate) const BRANCH_WORDS: &[Word] = &[OPEN];

/// Those of `#[qapi]` on a member of a struct.
pub(crate) const MEMBER_WORDS: &[Word] =
    &[BASE, NAME, NAME_EXCEPTION, SINCE, FEATURES, DEFAULT, UNIT, BASE64];

/// Those of `#[qapi]` on a member of an event.
pub(crate) const EVENT_MEMBER_WORDS: &[Word] =
    &[NAME, NAME_EXCEPTION, SINCE, FEATURES, DEFAULT, UNIT, BASE64];

/// Those of `#[qapi]` on a field of a struct that is a union.
pub(crate) const UNION_MEMBER_WORDS: &[Word] = &[
    BASE,
    DISCRIMINATOR,
    BRANCHES,
    NAME,
    NAME_EXCEPTION,
    SINCE,
    FEATURES,
    DEFAULT,
    UNIT,
    BASE64,
];

/// Those of `#[qapi]` on an alternative of an alternate.
pub(crate) const ALTERNATIVE_WORDS: &[Word] = &[NAME, SINCE];

/// Those of `#[qapi]` on a parameter of a command's function.
pub(crate) const PARAMETER_WORDS: &[Word] =
    &[STATE, SESSION, FD, NAME, NAME_EXCEPTION, SINCE, FEATURES, DEFAULT, UNIT, BASE64];
