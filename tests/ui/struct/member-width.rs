//! Numbers of no certain width, or of one that QAPI has not.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    count: usize,
    load: Option<f32>,
    numbers: Vec<u128>,
}

fn main() {}
