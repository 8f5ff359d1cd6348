//! An `Option` of an `Option`.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    size: Option<Option<u32>>,
}

fn main() {}
