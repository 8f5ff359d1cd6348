//! An optional member in the words of other frameworks.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(optional)]
    path: String,
}

fn main() {}
