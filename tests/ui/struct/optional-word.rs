//! An optional member, and a default, in others' words.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(optional)]
    path: String,
    #[qapi(default = 3)]
    tries: i64,
}

fn main() {}
