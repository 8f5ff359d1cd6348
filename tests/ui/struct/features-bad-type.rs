//! Features that are no names.

use qapi_core::qapi_struct;

#[qapi_struct(features(3, odd = 3, "not possible"))]
struct Info {
    id: String,
}

fn main() {}
