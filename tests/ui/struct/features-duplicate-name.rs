//! Two features of the same name.

use qapi_core::qapi_struct;

#[qapi_struct(features(odd, even, odd))]
struct Info {
    id: String,
}

fn main() {}
