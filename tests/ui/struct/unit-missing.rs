//! A `Duration` without a unit.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    timeout: std::time::Duration,
}

fn main() {}
