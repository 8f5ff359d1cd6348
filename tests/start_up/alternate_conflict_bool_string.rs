//! An alternate of a string and a boolean, which a command line writes as a string.

use qapi_core::qapi_alternate;

/// A case.
#[qapi_alternate]
pub(crate) enum BoolOrString {
    One(bool),
    Two(String),
}
