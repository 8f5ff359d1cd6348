//! `#[qapi_alternate]`

/// Defines an alternate: a value that may be of one of several JSON types.
///
/// Goes on an enum whose variants carry one QAPI type each. Their names are those of the schema
/// and occur in no message; what comes in is told apart by its JSON type, so that no two
/// alternatives may share one.
///
/// Takes the words of [`qapi_enum`](crate::qapi_enum); variants take `#[qapi(name = "…",
/// since = "…")]`. It implements [`QapiType`](crate::QapiType) and `serde::Serialize`.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// A disk by its name, or none.
/// #[qapi_alternate]
/// enum DiskRef {
///     Name(String),
///     None(qapi_core::Null),
/// }
///
/// assert_eq!(serde_json::to_string(&DiskRef::Name("d0".into()))?, r#""d0""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub use qapi_macros::qapi_alternate;
