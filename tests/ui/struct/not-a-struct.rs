//! The attribute of structs on an enum.

use qapi_core::qapi_struct;

#[qapi_struct]
enum Info {
    One,
}

fn main() {}
