//! Names of types in other cases.

use qapi_core::qapi_struct;

#[qapi_struct]
struct URL {
    text: String,
}

#[qapi_struct(name = "disk_info")]
struct DiskInfo {
    size: u64,
}

fn main() {}
