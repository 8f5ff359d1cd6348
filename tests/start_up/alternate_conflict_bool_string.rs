//! An alternate of a string and a boolean, both of which are strings on a command line.

use qapi_core::qapi_alternate;

/// A case.
#[qapi_alternate]
pub(crate) enum BoolOrString {
    One(bool),
    Two(String),
}
