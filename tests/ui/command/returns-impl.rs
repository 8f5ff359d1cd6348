//! A command that returns an `impl` type.

use qapi_core::qapi_command;

#[qapi_command]
fn run() -> impl ToString {
    1
}

fn main() {}
