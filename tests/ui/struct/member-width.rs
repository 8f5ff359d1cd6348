//! Numbers of a width that QAPI does not have.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    count: usize,
    load: Option<f32>,
    numbers: Vec<u128>,
}

fn main() {}
