//! A command that returns a type that is not named.

use qapi_core::qapi_command;

#[qapi_command]
fn run() -> impl ToString {
    1
}

fn main() {}
