//! A derive of `Default` that contradicts a default.

use qapi_core::qapi_struct;

#[qapi_struct]
#[derive(Default)]
struct Disk {
    #[qapi(default = 5)]
    level: u64,
}

fn main() {}
