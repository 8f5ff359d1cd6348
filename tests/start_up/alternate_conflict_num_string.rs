//! An alternate of a string and a number, which a command line writes as a string.

use qapi_core::qapi_alternate;

/// A case.
#[qapi_alternate]
pub(crate) enum NumberOrString {
    One(f64),
    Two(String),
}
