//! `#[qapi_enum]`

/// Defines an enumeration: a list of strings.
///
/// The attribute annotates an enum whose variants have no fields. It implements
/// [`QapiType`](crate::QapiType), `serde::Serialize` and `Display`. It adds the constant `ALL`,
/// which has every value in the order of the schema, and the method `as_str`, which returns the
/// string on the wire. That string is the variant's name in lower case with dashes between words:
/// `SetSpeed` becomes `set-speed`.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name = "Name"` | the name in the schema, if it differs from the name in Rust |
/// | `since = "2.12"` | the version that introduced the definition |
/// | `features(name, name = "doc", …)` | the special features; see below |
/// | `prefix = "UPPER_CASE"` | the prefix of the values' names in QEMU's generated C |
/// | `extends = TheOpenEnum` | adds the values to another enum; see below |
/// | `crate = path` | the path of the framework, if it is not `::qapi_core` |
///
/// Words of `#[qapi(…)]` on a variant:
///
/// | word | meaning |
/// |---|---|
/// | `name = "name"` | the string on the wire, if it differs from the variant's name |
/// | `name_exception` | the `name` may break the rules for names |
/// | `since = "2.12"` | the version that introduced the value, if it is later than the enum's |
/// | `features(…)` | the special features |
/// | `open` | the variant represents the values of other crates; see below |
///
/// The doc comments of the enum and its variants become documentation in the schema. A false
/// `#[cfg(…)]` removes a variant from the schema too. The [guide](crate::guide) describes both, and
/// the rules for names.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// How a copy is made.
/// #[qapi_enum(since = "1.0")]
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// enum CopyMode {
///     /// Everything.
///     Full,
///     /// The data that the lower layers do not have.
///     #[qapi(name = "top")]
///     TopLayer,
///     /// New writes only.
///     #[qapi(since = "1.2", features(unstable))]
///     NewWrites,
/// }
///
/// assert_eq!(CopyMode::TopLayer.as_str(), "top");
/// assert_eq!(CopyMode::NewWrites.to_string(), "new-writes");
/// assert_eq!(CopyMode::ALL.len(), 3);
/// ```
///
/// # Special features
///
/// All attributes accept `features(…)`, a list of feature names. A name is a word, in which an
/// underscore stands for a dash, or a string. A feature can have a condition, a version if it is
/// later than that of its owner, and a documentation text:
/// `features(#[cfg(unix)] deprecated(since = "9.1") = "Use the other one.")`.
///
/// QEMU gives a meaning to two features of commands, events, members, arguments and values:
/// `deprecated` and `unstable`. The operator sets a [policy](crate::policy::CompatPolicy) for them.
///
/// A server can [present an earlier release](crate::Server::as_of), without newer parts.
///
/// # Open enums
///
/// Other crates may add values to an open enum. The last variant of an open enum has the attribute
/// `#[qapi(open)]` and a field of type [`OpenValue`](crate::OpenValue) of the enum itself. The
/// variant represents all added values in a `match`, and adds no value to the schema. `ALL` has the
/// enum's own values; [`OpenValue::all`](crate::OpenValue::all) returns the added ones.
///
/// Another crate adds values by an enum with the word `extends`. The documentation of
/// [`OpenValue`](crate::OpenValue) has an example of both enums.
pub use qapi_macros::qapi_enum;
