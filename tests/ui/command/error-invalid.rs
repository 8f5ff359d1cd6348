//! A command that fails with what is no error.

use qapi_core::qapi_command;

struct Failure;

#[qapi_command]
fn run() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
