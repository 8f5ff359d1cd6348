//! An argument of a type that does not exist.

use qapi_core::qapi_command;

#[qapi_command]
fn run(one: NoSuchType) {
    let _ = one;
}

fn main() {}
