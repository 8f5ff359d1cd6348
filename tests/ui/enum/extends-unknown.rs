//! An enum that extends an enum that does not exist.

use qapi_core::qapi_enum;

#[qapi_enum(extends = NoSuchEnum)]
enum MyShape {
    Square,
}

fn main() {}
