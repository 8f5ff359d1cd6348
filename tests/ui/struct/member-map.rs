//! A member of a type that QAPI does not have.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    id: String,
    sizes: std::collections::HashMap<String, u64>,
}

fn main() {}
