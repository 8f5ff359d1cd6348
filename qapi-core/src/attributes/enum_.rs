//! `#[qapi_enum]`

/// Defines an enumeration: a list of strings.
///
/// Goes on an enum whose variants carry nothing. It implements
/// [`QapiType`](crate::QapiType), `serde::Serialize` and `Display`, and adds `ALL`, every value in
/// the order of the schema, and `as_str`, the string on the wire. That string is the variant's
/// name in lower case with dashes between words: `SetSpeed` is `set-speed`.
///
/// | word | meaning |
/// |---|---|
/// | `since = "2.12"` | the version it appeared in |
/// | `features(name, name = "doc", …)` | its special features |
/// | `name = "Name"` | its name in the schema, where that is not the enum's |
/// | `extends = TheOpenEnum` | adds the values to another enum; see below |
/// | `prefix = "UPPER_CASE"` | what the values' names begin with in QEMU's generated C |
/// | `crate = path` | where the framework is found, where that is not `::qapi_core` |
///
/// Variants take `#[qapi(name = "…", since = "…", features(…))]`; `name_exception` besides a
/// `name` allows one that breaks the naming rules. A feature that came later than what has it
/// says so itself: `features(deprecated(since = "9.1") = "Use the other one.")`. A server can
/// [present an earlier release](crate::Server::as_of), in which nothing of what is newer is.
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
/// # Open enums
///
/// An enum to which other crates may add values has a last variant that is marked `#[qapi(open)]`
/// and carries an [`OpenValue`](crate::OpenValue) of the enum itself. It is no value of its own:
/// whoever matches on the enum has an arm for what others add, and goes on compiling when they do.
/// `ALL` has the enum's own values; [`OpenValue::all`](crate::OpenValue::all) has the others.
///
/// Another crate adds the values of an enum under `extends`; [`OpenValue`](crate::OpenValue) shows
/// both.
pub use qapi_macros::qapi_enum;
