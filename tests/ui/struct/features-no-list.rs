//! Features without parentheses.

use qapi_core::qapi_struct;

#[qapi_struct(features = "odd")]
struct Info {
    id: String,
}

fn main() {}
