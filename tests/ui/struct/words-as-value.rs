//! A value in place of the words of an attribute.

use qapi_core::qapi_struct;

#[qapi_struct = "1.0"]
struct Disk {
    size: u64,
}

fn main() {}
