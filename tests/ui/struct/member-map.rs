//! A member that is a map.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    id: String,
    sizes: std::collections::HashMap<String, u64>,
}

fn main() {}
