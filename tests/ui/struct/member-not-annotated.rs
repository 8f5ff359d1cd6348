//! A member of a type without an annotation.

use qapi_core::qapi_struct;

struct Other;

#[qapi_struct]
struct Info {
    other: Option<Other>,
}

fn main() {}
