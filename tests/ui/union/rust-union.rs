//! A Rust `union`.

use qapi_core::qapi_union;

#[qapi_union]
union Number {
    whole: u64,
    real: f64,
}

fn main() {}
