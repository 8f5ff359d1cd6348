//! A condition with an unknown predicate.

use qapi_core::qapi_struct;

#[qapi_struct]
#[cfg(value("unix"))]
struct Info {
    id: String,
}

fn main() {}
