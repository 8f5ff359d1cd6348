//! `#[qapi_alternate]`

/// Defines an alternate: a value that may be of one of several JSON types.
///
/// Goes on an enum whose variants carry one QAPI type each. Their names are those of the schema
/// and occur in no message: which one it is, the JSON type of a value tells. So a program does
/// not start with an alternate of which two alternatives are objects, or lists, or strings; nor
/// with one that has a string and a number or boolean, since options on a command line are
/// strings all.
///
/// It implements [`QapiType`](crate::QapiType) and `serde::Serialize`.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
///
/// Words of `#[qapi(…)]` on a variant:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since` | as for the variants of an enum |
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
