//! A name that begins with a digit.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(name = "2nd")]
    second: String,
}

fn main() {}
