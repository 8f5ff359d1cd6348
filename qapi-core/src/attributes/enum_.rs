//! `#[qapi_enum]`

/// Defines an enumeration: a list of strings.
///
/// It annotates an enum whose variants have no fields. It implements
/// [`QapiType`](crate::QapiType), `serde::Serialize` and `Display`, and adds `ALL`, every value in
/// the order of the schema, and `as_str`, the string on the wire. That string is the variant's
/// name in lower case with dashes between words: `SetSpeed` is `set-speed`.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name = "Name"` | its name in the schema, where that is not the enum's |
/// | `since = "2.12"` | the version it appeared in |
/// | `features(name, name = "doc", …)` | its special features; see below |
/// | `prefix = "UPPER_CASE"` | what the values' names begin with in QEMU's generated C |
/// | `extends = TheOpenEnum` | adds the values to another enum; see below |
/// | `crate = path` | where the framework is found, where that is not `::qapi_core` |
///
/// Words of `#[qapi(…)]` on a variant:
///
/// | word | meaning |
/// |---|---|
/// | `name = "name"` | the string on the wire, where that is not the variant's name |
/// | `name_exception` | the `name` may break the rules for names |
/// | `since = "2.12"` | the version it appeared in, where that is later than the enum's |
/// | `features(…)` | its special features |
/// | `open` | stands for the values of other crates; see below |
///
/// Doc comments of the enum and of its variants are its documentation, and a `#[cfg(…)]` on a
/// variant takes it out of the schema too: the [guide](crate::guide) tells of both, and of names.
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
///     /// What the layers below do not have.
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
/// In `features(…)`, which all attributes have, stand names of features: words with underscores
/// for dashes, or strings. Each can have a text that says what it means, a version where it came
/// later than what has it, and a condition:
/// `features(#[cfg(unix)] deprecated(since = "9.1") = "Use the other one.")`. QEMU knows two of
/// them, `deprecated` and `unstable`, which are for commands, events, members, arguments and
/// values, and about which the operator has a [policy](crate::policy::CompatPolicy).
///
/// A server can [present an earlier release](crate::Server::as_of), without newer parts.
///
/// # Open enums
///
/// An enum to which other crates may add values has a last variant under `#[qapi(open)]` with an
/// [`OpenValue`](crate::OpenValue) of the enum itself. The variant is no value of its own: it lets
/// code that matches on the enum handle the added values. `ALL` has the enum's own values;
/// [`OpenValue::all`](crate::OpenValue::all) has the added ones.
///
/// Another crate adds the values of an enum under `extends`; [`OpenValue`](crate::OpenValue) shows
/// both.
pub use qapi_macros::qapi_enum;
