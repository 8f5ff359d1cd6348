//! The words of the attributes: one list of all words, and the words that each attribute accepts.

/// The form of what follows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing.
    Flag,
    /// `= "text"`
    Text,
    /// `= NAME`
    Name,
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

/// A word that an attribute accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    /// The identifier.
    pub(crate) name: &'static str,
    /// The form of what follows it.
    pub(crate) shape: Shape,
    /// An example for messages.
    pub(crate) usage: &'static str,
}

const fn word(name: &'static str, shape: Shape, usage: &'static str) -> Word {
    Word { name, shape, usage }
}

pub(crate) const ALLOW_OOB: Word = word("allow_oob", Shape::Flag, "allow_oob");
pub(crate) const ALLOW_PRECONFIG: Word = word("allow_preconfig", Shape::Flag, "allow_preconfig");
/// Encodes bytes as a base64 string.
pub(crate) const BASE64: Word = word("base64", Shape::Flag, "base64");
pub(crate) const BASE: Word = word("base", Shape::Flag, "base");
pub(crate) const BLOCKING: Word = word("blocking", Shape::Flag, "blocking");
pub(crate) const BOXED: Word = word("boxed", Shape::Flag, "boxed");
/// Marks the field with the branches of a union whose base contains the discriminator.
pub(crate) const BRANCHES: Word = word("branches", Shape::Flag, "branches");
/// Cancels a call when its client disconnects.
pub(crate) const CANCEL_ON_DISCONNECT: Word =
    word("cancel_on_disconnect", Shape::Flag, "cancel_on_disconnect");
/// Marks the token by which a function learns that its call is cancelled.
pub(crate) const CANCELLATION: Word = word("cancellation", Shape::Flag, "cancellation");
pub(crate) const CLIENT: Word = word("client", Shape::Flag, "client");
pub(crate) const CRATE: Word = word("crate", Shape::Path, "crate = path::of::qapi_core");
/// Gives an absent member or argument a value.
pub(crate) const DEFAULT: Word = word("default", Shape::Default, "default = value");
/// Declares the arguments of a command that reads them itself (`gen = false`).
pub(crate) const DATA: Word = word("data", Shape::Type, "data = TheArguments");
/// The time within which a call must end.
pub(crate) const DEADLINE: Word = word("deadline", Shape::Text, "deadline = \"5s\"");
pub(crate) const DISCRIMINATOR_NAME: Word =
    word("discriminator", Shape::Text, "discriminator = \"member-name\"");
pub(crate) const DISCRIMINATOR: Word = word("discriminator", Shape::Flag, "discriminator");
/// Names the function that exempts an event from its rate limit.
pub(crate) const EXEMPT: Word = word("exempt", Shape::Path, "exempt = a_function");
/// Marks an argument that names a file descriptor of the session.
pub(crate) const FD: Word = word("fd", Shape::Flag, "fd");
/// Names the open enum that the values extend.
pub(crate) const EXTENDS: Word = word("extends", Shape::Path, "extends = TheOpenEnum");
pub(crate) const FEATURES: Word =
    word("features", Shape::Features, "features(deprecated, other = \"what it means\")");
pub(crate) const GEN: Word = word("gen", Shape::False, "gen = false");
pub(crate) const KEY: Word = word("key", Shape::Text, "key = \"member-name\"");
pub(crate) const NAME: Word = word("name", Shape::Text, "name = \"qapi-name\"");
pub(crate) const NAME_EXCEPTION: Word = word("name_exception", Shape::Flag, "name_exception");
/// Marks the variant that contains values of other crates.
pub(crate) const OPEN: Word = word("open", Shape::Flag, "open");
pub(crate) const PREFIX: Word = word("prefix", Shape::Text, "prefix = \"UPPER_CASE\"");
/// Leaves a type or event out of the program's inventory.
pub(crate) const REGISTER: Word = word("register", Shape::False, "register = false");
/// Leaves a command out of the program's inventory and names the static that registers it.
pub(crate) const REGISTRATION: Word =
    word("registration", Shape::Name, "registration = A_STATIC");
pub(crate) const RATE_LIMIT: Word = word("rate_limit", Shape::Text, "rate_limit = \"1s\"");
/// Declares the returned type of a command that reads its arguments itself (`gen = false`).
pub(crate) const RETURNS: Word = word("returns", Shape::Type, "returns = TheType");
/// Exempts a command from the rule that it returns an object or a list of objects.
pub(crate) const RETURNS_EXCEPTION: Word =
    word("returns_exception", Shape::Flag, "returns_exception");
/// Marks a member that no log shows.
pub(crate) const SECRET: Word = word("secret", Shape::Flag, "secret");
pub(crate) const SESSION: Word = word("session", Shape::Flag, "session");
pub(crate) const SINCE: Word = word("since", Shape::Text, "since = \"2.12\"");
pub(crate) const STATE: Word = word("state", Shape::Flag, "state");
pub(crate) const SUCCESS_RESPONSE: Word =
    word("success_response", Shape::False, "success_response = false");
pub(crate) const TAG: Word = word("tag", Shape::Path, "tag = TheEnum");
/// Makes a newtype stand for the type of its field.
pub(crate) const TRANSPARENT: Word = word("transparent", Shape::Flag, "transparent");
/// The unit of an integer that encodes a `Duration`.
pub(crate) const UNIT: Word = word("unit", Shape::Text, "unit = \"ms\"");

/// Words of `#[qapi_struct]`.
pub(crate) const STRUCT_WORDS: &[Word] = &[NAME, SINCE, FEATURES, TRANSPARENT, REGISTER, CRATE];

/// Words of `#[qapi_struct]` on a transparent struct.
pub(crate) const TRANSPARENT_WORDS: &[Word] = &[TRANSPARENT, CRATE];

/// Words of `#[qapi_alternate]`.
pub(crate) const ALTERNATE_WORDS: &[Word] = &[NAME, SINCE, FEATURES, REGISTER, CRATE];

/// Words of `#[qapi_enum]`.
pub(crate) const ENUM_WORDS: &[Word] = &[NAME, SINCE, FEATURES, PREFIX, EXTENDS, REGISTER, CRATE];

/// Words of `#[qapi_enum]` on an enum that extends an open enum.
pub(crate) const EXTENSION_WORDS: &[Word] = &[EXTENDS, CRATE];

/// Words of `#[qapi_event]`.
pub(crate) const EVENT_WORDS: &[Word] =
    &[NAME, SINCE, FEATURES, BOXED, RATE_LIMIT, KEY, EXEMPT, REGISTER, CRATE];

/// Words of `#[qapi_command]`.
pub(crate) const COMMAND_WORDS: &[Word] = &[
    NAME,
    NAME_EXCEPTION,
    SINCE,
    FEATURES,
    ALLOW_OOB,
    ALLOW_PRECONFIG,
    BLOCKING,
    DEADLINE,
    CANCEL_ON_DISCONNECT,
    BOXED,
    GEN,
    DATA,
    RETURNS,
    RETURNS_EXCEPTION,
    SUCCESS_RESPONSE,
    CLIENT,
    REGISTRATION,
    CRATE,
];

/// Words of `#[qapi_union]` on an enum that contains only branches, for a union that is a struct.
pub(crate) const BRANCHES_WORDS: &[Word] = &[TAG, CRATE];

/// Words of `#[qapi_union]` on an enum.
pub(crate) const UNION_ENUM_WORDS: &[Word] =
    &[DISCRIMINATOR_NAME, NAME_EXCEPTION, TAG, NAME, SINCE, FEATURES, REGISTER, CRATE];

/// Words of `#[qapi_union]` on a struct.
pub(crate) const UNION_STRUCT_WORDS: &[Word] =
    &[DISCRIMINATOR_NAME, NAME, SINCE, FEATURES, REGISTER, CRATE];

/// Words of `#[qapi]` on a value of an enum.
pub(crate) const VALUE_WORDS: &[Word] = &[NAME, NAME_EXCEPTION, SINCE, FEATURES, OPEN];

/// Words of `#[qapi]` on a branch of a union.
pub(crate) const BRANCH_WORDS: &[Word] = &[OPEN];

/// Words of `#[qapi]` on a member of a struct.
pub(crate) const MEMBER_WORDS: &[Word] =
    &[BASE, NAME, NAME_EXCEPTION, SINCE, FEATURES, DEFAULT, UNIT, BASE64, SECRET];

/// Words of `#[qapi]` on a member of an event.
pub(crate) const EVENT_MEMBER_WORDS: &[Word] =
    &[NAME, NAME_EXCEPTION, SINCE, FEATURES, DEFAULT, UNIT, BASE64, SECRET];

/// Words of `#[qapi]` on a field of a union that is a struct.
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
    SECRET,
];

/// Words of `#[qapi]` on an alternative of an alternate.
pub(crate) const ALTERNATIVE_WORDS: &[Word] = &[NAME, SINCE];

/// Words of `#[qapi]` on a parameter of a command's function.
pub(crate) const PARAMETER_WORDS: &[Word] = &[
    STATE,
    SESSION,
    CANCELLATION,
    FD,
    NAME,
    NAME_EXCEPTION,
    SINCE,
    FEATURES,
    DEFAULT,
    UNIT,
    BASE64,
    SECRET,
];

/// Words of the schema language and of serde that attributes do not accept, each with the
/// replacement. [`unknown_word`](crate::messages::unknown_word) searches the list only for a word
/// that the attribute at hand does not accept, since other attributes accept some of the words.
pub(crate) const FOREIGN_WORDS: &[(&str, &str)] = &[
    ("alternate", ITEM_IS_NAME),
    ("command", "write `name = \"name\"` if the function's name is not the QAPI name"),
    ("enum", ITEM_IS_NAME),
    ("event", "write `name = \"NAME\"` if the struct's name is not the QAPI name"),
    ("struct", ITEM_IS_NAME),
    ("union", ITEM_IS_NAME),
    ("async", "write `async fn`"),
    ("oob", "write `allow_oob`"),
    ("preconfig", "write `allow_preconfig`"),
    ("coroutine", "write `async fn`"),
    ("base", "write `#[qapi(base)]` on the first field of a struct or union"),
    ("data", "the fields, variants or parameters are the data"),
    ("default", "write `#[qapi(default = value)]` on a member or argument"),
    ("deprecated", "write `features(deprecated)`"),
    ("unstable", "write `features(unstable)`"),
    ("discriminator", "write `#[qapi(discriminator)]` on the field with the branches"),
    ("doc", "write a doc comment"),
    ("flatten", "write `base` on the first field"),
    ("if", "write `#[cfg(…)]` beside this attribute"),
    ("optional", "make the type an `Option`"),
    ("register", "write `registration = A_STATIC`, and pass that static to the registry"),
    ("registration", "write `register = false`; the registry finds a type or event by its uses"),
    ("rename", "write `name = \"qapi-name\"`"),
    ("rename_all", "write `name = \"qapi-name\"` where a name differs from QAPI's convention"),
    ("returns", "write the return type of the command's function in Rust"),
    ("skip", "move data that is not for clients to another type"),
    ("tag", "write `tag` on the enum with the branches"),
    ("type", "write the type of the field in Rust"),
];

const ITEM_IS_NAME: &str = "write `name = \"Name\"` if the type's name is not the QAPI name";
