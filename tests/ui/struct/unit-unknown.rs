//! An unknown unit.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(unit = "min")]
    timeout: std::time::Duration,
}

fn main() {}
