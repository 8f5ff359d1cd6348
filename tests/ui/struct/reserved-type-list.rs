//! A name that is kept for lists.

use qapi_core::qapi_struct;

#[qapi_struct]
struct InfoList {
    id: String,
}

fn main() {}
