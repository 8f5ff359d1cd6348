//! A default of another type than the member's.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(default = "three")]
    tries: i64,
}

fn main() {}
