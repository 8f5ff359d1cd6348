//! `#[qapi_alternate]`

/// Defines an alternate: a value that may be of one of several JSON types.
///
/// It annotates an enum whose variants have one QAPI type each. Their names are those of the schema
/// and occur in no message: the JSON type of a value identifies its alternative. A program
/// therefore does not start with an alternate of two objects, lists or strings, or of a string and
/// a number or boolean, as every option on a command line is a string.
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
