//! An alternate of a string and a number, both of which are strings on a command line.

use qapi_core::qapi_alternate;

/// A case.
#[qapi_alternate]
pub(crate) enum NumberOrString {
    One(f64),
    Two(String),
}
