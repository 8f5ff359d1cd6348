//! An empty condition.

use qapi_core::qapi_struct;

#[qapi_struct]
#[cfg()]
struct Info {
    id: String,
}

fn main() {}
