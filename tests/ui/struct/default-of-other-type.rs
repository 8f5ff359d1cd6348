//! A default that is not of the member's type.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(default = "three")]
    tries: i64,
}

fn main() {}
