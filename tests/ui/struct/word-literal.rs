//! A value without a word.

use qapi_core::qapi_struct;

#[qapi_struct("1.0")]
struct Disk {
    size: u64,
}

fn main() {}
