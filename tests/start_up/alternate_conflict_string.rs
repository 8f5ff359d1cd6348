//! An alternate of an enum and a string.

use qapi_core::{qapi_alternate, qapi_enum};

/// Its values are strings.
#[qapi_enum]
pub(crate) enum OnlyValue {
    Only,
}

/// A case.
#[qapi_alternate]
pub(crate) enum ValueOrString {
    One(OnlyValue),
    Two(String),
}
