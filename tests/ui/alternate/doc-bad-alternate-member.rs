//! A comment that describes an alternative that does not exist.

use qapi_core::qapi_alternate;

/// A job, by its number or its name.
///
/// @count: how many
#[qapi_alternate]
enum JobRef {
    Number(i64),
    Name(String),
}

fn main() {}
