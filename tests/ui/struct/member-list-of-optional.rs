//! A list of optional elements.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    sizes: Vec<Option<u32>>,
}

fn main() {}
