//! A base of the type that it is in.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Disk {
    #[qapi(base)]
    disk: Disk,
}

fn main() {}
