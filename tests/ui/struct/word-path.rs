//! A word with a path.

use qapi_core::qapi_struct;

#[qapi_struct(qapi::since = "1.0")]
struct Disk {
    size: u64,
}

fn main() {}
