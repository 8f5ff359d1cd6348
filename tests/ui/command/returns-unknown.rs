//! A command that returns a type that does not exist.

use qapi_core::qapi_command;

#[qapi_command]
fn run() -> NoSuchType {
    loop {}
}

fn main() {}
