//! Members of borrowed types.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    name: &'static str,
    other: Option<&'static str>,
}

fn main() {}
