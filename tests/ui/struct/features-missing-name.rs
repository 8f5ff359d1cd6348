//! A feature without a name.

use qapi_core::qapi_struct;

#[qapi_struct(features(= "what it means"))]
struct Info {
    id: String,
}

fn main() {}
