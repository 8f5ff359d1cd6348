//! Values added to an enum that is not there.

use qapi_core::qapi_enum;

#[qapi_enum(extends = NoSuchEnum)]
enum MyShape {
    Square,
}

fn main() {}
