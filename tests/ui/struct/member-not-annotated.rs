//! A member whose type has no annotation.

use qapi_core::qapi_struct;

struct Other;

#[qapi_struct]
struct Info {
    other: Option<Other>,
}

fn main() {}
