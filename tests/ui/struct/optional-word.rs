//! An optional member in others' words.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(optional)]
    path: String,
}

fn main() {}
