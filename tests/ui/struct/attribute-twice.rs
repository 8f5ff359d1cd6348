//! The same attribute twice.

use qapi_core::qapi_struct;

#[qapi_struct]
#[qapi_struct]
struct Disk {
    size: u64,
}

fn main() {}
