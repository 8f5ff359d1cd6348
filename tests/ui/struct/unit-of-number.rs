//! A unit of an integer.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(unit = "ms")]
    timeout: u64,
}

fn main() {}
