//! `#[qapi_alternate]`

/// Defines an alternate: a value that may be of one of several JSON types.
///
/// The attribute annotates an enum. Each variant has one field, of a QAPI type. The names of the
/// variants occur in the schema but in no message: the JSON type of a value identifies its
/// alternative.
///
/// An alternate can therefore have only one object, one list and one string. It cannot have both a
/// string and a number or boolean, as every option on a command line is a string. A server does not
/// start if an alternate breaks these rules.
///
/// The attribute implements [`QapiType`](crate::QapiType) and `serde::Serialize`.
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
/// /// The name of a disk, or `null` for no disk.
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
