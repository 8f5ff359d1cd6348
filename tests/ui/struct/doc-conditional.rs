//! Documentation and a word with a condition.

use qapi_core::qapi_struct;

#[qapi_struct]
#[cfg_attr(unix, doc = "A disk.")]
struct Disk {
    #[cfg_attr(unix, qapi(name = "bytes"))]
    size: u64,
}

fn main() {}
